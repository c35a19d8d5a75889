/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of all benchmarks: in a guest of tools/vm --icount the time stamp counter
 * counts nanoseconds of a time that passes at 2 ns an executed instruction.
 */
#ifndef INSTRUCTIONS_H
#define INSTRUCTIONS_H

#include <stdint.h>

#define NS_PER_INSTRUCTION 2

static inline uint64_t instructions(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (((uint64_t)high << 32) | low) / NS_PER_INSTRUCTION;
}

#endif
