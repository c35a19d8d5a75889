/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A watch, and what joins it to its session, its page and its timer group.
 *
 * Locks, in the order in which they are taken:
 *   watched_space.lock    mutex  pages of one address space, and resolving them
 *   mmap_lock of the watched process
 *   cpus_read_lock()             which CPUs there are
 *   watches_lock          mutex  membership: sessions' lists, pages' lists, groups
 *   watched_page.lock     raw    a page's watches, whether it can be read
 *   timer_group.lock      raw    what the tick walks
 * Nothing is taken under buffer.c's ring_lock, watched_page.c's spaces_lock,
 * hits.c's muted_lock and trigger.c's trigger_lock.
 * The mmu notifier's callback takes the two raw locks only.
 */
#ifndef VMON_WATCH_H
#define VMON_WATCH_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/sched.h>

#include "condition.h"

#define WATCHES_MAX (TIMER_MAX_WATCH_NUM * MAX_TIMER_NUM)

struct slot;
struct timer_group;
struct watched_page;

/* What a tick saw when the comparison held. */
struct hit {
	u64 value;
	u64 muted_ticks;
	u64 tick_ns;
	u64 tick_realtime_ns;
	u64 running_ip;
	pid_t running_pid;
	unsigned int cpu;
	char running_comm[TASK_COMM_LEN];
};

struct watch {
	refcount_t references;		/* the session's list, and a pending or muted hit */

	/* constant */
	u64 id;
	u64 address;
	u64 threshold;
	u64 interval_ns;
	struct pid *process;
	struct condition condition;
	enum value_kind kind;
	u8 length;
	u8 comparison;
	u8 flags;
	char name[MAX_NAME_LEN + 1];

	/* watches_lock; in_page also needs watched_page.lock */
	struct list_head in_session;
	struct list_head in_page;
	struct watched_page *page;
	struct timer_group *group;	/* NULL once ended */

	/* timer_group.lock */
	struct slot *slot;
	bool muted;
	u64 muted_ticks;		/* at which the comparison held, but the watch was muted */

	/* hits.c; written by the tick while the watch is not muted */
	struct hit hit;
	struct llist_node in_pending;
	struct list_head in_muted;
	u64 unmute_at;			/* jiffies */
};

extern struct mutex watches_lock;

/*
 * Starts the watch that the request describes for the session whose list is
 * given, and fills in request->id; the errnos are those of VMON_IOC_WATCH.
 * Process context, sleeps.
 */
int watch_start(struct list_head *session, struct vmon_watch *request);

/* Ends the session's watch of that id, or all of them. Sleep. */
int watch_cancel(struct list_head *session, u64 id);
void watch_cancel_all(struct list_head *session);

/*
 * Ends all watches of a page, each with a record that says why; returns how
 * many. The caller holds the space's lock, under which the page's users are counted.
 */
unsigned int watch_end_page(struct watched_page *page, enum vmon_watch_end_reason reason);

void watch_put(struct watch *watch);

#endif
