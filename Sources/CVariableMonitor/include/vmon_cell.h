/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores that an optimiser leaves alone, for `Watched` of the Swift library, which
 * has no volatile of its own. Volatile: none is merged, moved out of a loop or dropped, so each
 * is there to be seen by a tick. Atomic and relaxed: each is one plain mov, never torn, and no
 * data race.
 */
#ifndef VMON_CELL_H
#define VMON_CELL_H

#include <stdint.h>

#define VMON_CELL_INLINE static inline __attribute__((always_inline))

#define VMON_CELL(width)                                                                     \
	VMON_CELL_INLINE uint##width##_t vmon_cell_load##width(const volatile void *place)   \
	{                                                                                    \
		return __atomic_load_n((const volatile uint##width##_t *)place,              \
				       __ATOMIC_RELAXED);                                    \
	}                                                                                    \
	VMON_CELL_INLINE void vmon_cell_store##width(volatile void *place,                   \
						     uint##width##_t value)                  \
	{                                                                                    \
		__atomic_store_n((volatile uint##width##_t *)place, value, __ATOMIC_RELAXED); \
	}                                                                                    \
	/* Adds, and returns the sum, modulo the width. */                                   \
	VMON_CELL_INLINE uint##width##_t vmon_cell_add##width(volatile void *place,          \
							      uint##width##_t value)         \
	{                                                                                    \
		return __atomic_add_fetch((volatile uint##width##_t *)place, value,          \
					  __ATOMIC_RELAXED);                                 \
	}

VMON_CELL(8)
VMON_CELL(16)
VMON_CELL(32)
VMON_CELL(64)

#endif /* VMON_CELL_H */
