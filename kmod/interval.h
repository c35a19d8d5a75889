/* SPDX-License-Identifier: GPL-2.0-only */
/* How often a watch is compared. */
#ifndef VMON_INTERVAL_H
#define VMON_INTERVAL_H

#include <linux/types.h>

#define INTERVAL_MAX_NS (3600ULL * 1000 * 1000 * 1000)

/*
 * The interval for a caller's wish in ns; 0 stands for the default, which is
 * raised to the caller's floor. 0 if the wish is below that floor or above
 * INTERVAL_MAX_NS. Process context.
 */
u64 interval_for_caller(u64 wish_ns);

#endif
