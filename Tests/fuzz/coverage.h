/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel executed for this thread, by KCOV (Documentation/dev-tools/kcov.rst).
 * tools/build-module has KCOV trace the module; nothing else of the debug kernel is.
 */
#ifndef FUZZ_COVERAGE_H
#define FUZZ_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

/* PCs that any worker has reached: a hash set, in memory that the workers share. */
#define COVERAGE_SLOTS (1U << 16)

struct coverage {
	uint64_t slots[COVERAGE_SLOTS];	/* 0: free */
	unsigned int count;
};

/* Starts tracing the calling thread; false if this kernel has no KCOV. */
bool coverage_start(void);

/* Forgets what was traced so far. */
void coverage_reset(void);

/* Adds what was traced to the set; how many PCs were new. */
unsigned int coverage_collect(struct coverage *coverage);

#endif
