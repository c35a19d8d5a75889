/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that programs watch, map and write: an arena at the same place in every
 * process, so that an address means something in a child and in another worker, too.
 */
#ifndef FUZZ_PLACES_H
#define FUZZ_PLACES_H

#include <stdint.h>

void places_init(void);

/* Maps the arena as it is at the start of each program. */
void places_reset(void);

/* An address that a call may be given: mostly in the arena, now and then one that is bad. */
uint64_t place_any(uint64_t word);

/* An address in the arena that is aligned to 8. */
uint64_t place_variable(uint64_t word);

/* Changes the arena's mappings: one page, or a few. */
void places_change(const uint64_t *word);

/* Writes to the arena. A page that is not there is an errno, not a signal. */
void places_store(const uint64_t *word);

#endif
