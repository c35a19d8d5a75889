/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a dump runs: after hits, on request, and when the kernel finds a hung task.
 * One at a time, at least dump_gap_ms from start to start; what comes meanwhile shares the next.
 */
#ifndef VMON_TRIGGER_H
#define VMON_TRIGGER_H

#include <linux/workqueue.h>

struct pid;

struct dump_totals {
	u64 dumps;
	u64 time_ns;
	u64 unnamed_hung_tasks;		/* more than DUMP_HUNG_MAX of one dump */
};

/* The module's own queue for dumps, and what must not wait for anything else. */
extern struct workqueue_struct *vmon_workqueue;

/* -ENOMEM, or -EOPNOTSUPP if dump_on_hang is set and this kernel finds no hung tasks. Sleeps. */
int trigger_init(void);

/* No session is open, so no hit and no request can come. Sleeps. */
void trigger_exit(void);

/* A hit waits. Any context. */
void trigger_dump(void);

/*
 * Waits for a dump that begins after the call. All threads of `process` (or NULL) are in it
 * whatever their state. 0, -ENOMEM, -EBUSY if too many requests wait, -ENOBUFS if the buffer
 * had no room for the dump, -EINTR after a signal: the dump then runs all the same.
 */
int trigger_request(struct pid *process, u64 *dump_id);

struct dump_totals trigger_totals(void);

#endif
