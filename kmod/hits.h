/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a hit to its dump and back: hits wait on a list until a dump may start,
 * and stay muted for a while after it.
 */
#ifndef VMON_HITS_H
#define VMON_HITS_H

#include <linux/workqueue.h>

#include "watch.h"

#define DUMP_RESET_SEC_MAX 86400

struct hit_totals {
	u64 hits;
	u64 dumps;
	u64 dump_time_ns;
};

/* The module's own queue: dumps, and resolving pages. */
extern struct workqueue_struct *vmon_workqueue;

/* Time from the end of a dump to the end of its hits' mute; written by proc.c. */
extern unsigned int dump_reset_sec;

/*
 * Keeps what the tick saw, with a reference on the watch, for the next dump.
 * Hard interrupt context; the watch is muted, so its hit is the caller's.
 */
void hit_record(struct watch *watch, u64 value, u64 tick_ns);

/* Drops what is pending; no watch is left and no new hit can come. Sleeps. */
void hits_stop(void);

struct hit_totals hit_totals(void);

#endif
