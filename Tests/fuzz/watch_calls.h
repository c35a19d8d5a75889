/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WATCH_CALLS_H
#define WATCH_CALLS_H

#include <stdint.h>
#include <sys/types.h>

#define MS 1000000ULL

/* Forgets the last watch. */
void watch_calls_reset(void);

/* A process that is there, or is not. */
pid_t any_process(uint64_t word);

/* calls.c: an open file, if there is one. */
int any_file(uint64_t word);

void call_watch(const uint64_t *word);
void call_condition(const uint64_t *word);
void call_live(const uint64_t *word);
void call_watches(const uint64_t *word);
void call_cancel(const uint64_t *word);
void call_cancel_all(const uint64_t *word);

#endif
