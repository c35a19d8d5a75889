/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of which programs are made. */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include <stdint.h>

struct call {
	const char *name;
	unsigned int weight;		/* how often, in proportion to the others */
	void (*run)(const uint64_t *word);
};

extern const struct call calls[];
unsigned int calls_weight(void);

/* What calls need; once per process. */
void calls_init(void);

/* Back to the clean state: no file open, fresh memory, root. */
void calls_reset(void);

#endif
