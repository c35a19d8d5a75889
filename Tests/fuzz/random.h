/* SPDX-License-Identifier: Apache-2.0 */
/* A small seeded generator (splitmix64): the same seed gives the same numbers everywhere. */
#ifndef FUZZ_RANDOM_H
#define FUZZ_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* From 0 to bound - 1. */
static inline unsigned int random_below(struct random *random, unsigned int bound)
{
	return (random_next(random) >> 32) * bound >> 32;
}

#endif
