/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program is what the fuzzer runs, keeps and mutates: a sequence of calls. All
 * choices of a call (which file, which address, which size) are made from its
 * random words when it runs, so that any words make a program and repeat it.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <stdint.h>
#include <stdio.h>

#include "random.h"

#define STEPS_MAX 40
#define WORDS 6

struct step {
	uint32_t call;		/* index in calls[] */
	uint64_t word[WORDS];
};

struct program {
	uint32_t length;
	struct step steps[STEPS_MAX];
};

/* A new one. */
void program_generate(struct program *program, struct random *random);

/* Changes a few things in it; `other` gives steps. */
void program_mutate(struct program *program, const struct program *other, struct random *random);

void program_print(FILE *to, const struct program *program);

#endif
