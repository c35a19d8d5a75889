/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A watch, and what joins it to its session, its page and its timer group.
 *
 * Locks, in the order in which they are taken:
 *   watched_page.resolving mutex one at a time resolves the page
 *   cpus_read_lock()             which CPUs there are
 *   watches_lock          mutex  membership: sessions' lists, pages' lists, groups
 *   watched_page.lock     raw    a page's watches, whether it can be read
 *   timer_group.lock      raw    what the tick walks
 * Nothing is taken under watched_page.c's watched_space.lock and spaces_lock, buffer.c's ring_lock,
 * history.c's histories_lock, hits.c's muted_lock and trigger.c's trigger_lock.
 * The watched process's mmap_lock, for which one may wait for ever, is taken with none of these
 * held. Under it the mmu notifier's callback takes the two raw locks only.
 */
#ifndef VMON_WATCH_H
#define VMON_WATCH_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/sched.h>

#include "tracker.h"

/* Beyond the kinds of plain slots, which are those of values. */
#define SLOT_TRACKED VALUE_KINDS
#define SLOT_KINDS (VALUE_KINDS + 1)

#define WATCHES_MAX (TIMER_MAX_WATCH_NUM * MAX_TIMER_NUM)

struct history;
struct slot;
struct timer_group;
struct watched_page;
struct watched_process;

/* What a tick saw when the comparison held. */
struct hit {
	u64 value;
	u64 threshold;
	u64 high;
	u64 rearm;
	u64 previous;
	u64 previous_ns;
	u64 unchanged_ns;
	u32 ticks_held;
	u32 known;			/* enum vmon_condition_known */
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
	u64 interval_ns;
	struct watched_process *process;
	struct history *history;	/* NULL: keeps none */
	enum value_kind kind;
	u8 slot_kind;			/* kind, or SLOT_TRACKED */
	u32 ticks;
	bool tells_condition;		/* its hits are followed by a record of it */
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
	u64 threshold;
	u64 high;
	u64 rearm;
	struct condition condition;	/* of plain slots */
	struct tracker tracker;		/* of SLOT_TRACKED */
	u64 hits;
	bool muted;
	u64 muted_ticks;		/* at which the comparison held, but the watch was muted */

	/* hits.c; written by the tick while the watch is not muted */
	struct hit hit;
	struct llist_node in_pending;
	struct list_head in_muted;
	struct list_head in_histories;	/* history.c */
	u64 unmute_at;			/* jiffies */
};

extern struct mutex watches_lock;

/*
 * Start the watch that the request describes for the session whose list is
 * given, and fill in its id; the errnos are those of VMON_IOC_WATCH and
 * VMON_IOC_WATCH_CONDITION. Process context, sleep.
 */
int watch_start_plain(struct list_head *session, struct vmon_watch *request);
int watch_start(struct list_head *session, struct vmon_watch_condition *request);

/* Ends the session's watch of that id, or all of them. Sleep. */
int watch_cancel(struct list_head *session, u64 id);
void watch_cancel_all(struct list_head *session);

/* The session's watch of that id, or NULL. The caller holds watches_lock. */
struct watch *watch_find(struct list_head *session, u64 id);

/*
 * Gives the watch the condition of a request that was checked. The caller holds timer_group.lock,
 * or the watch is new.
 */
void watch_set_condition(struct watch *watch, const struct vmon_watch_condition *request);

/*
 * watch_live.c: VMON_IOC_CHANGE and VMON_IOC_STATE of the session's watch of that id, but
 * for the reserved fields. Sleep.
 */
int watch_change(struct list_head *session, const struct vmon_change *change);
int watch_state(struct list_head *session, struct vmon_watch_state *state);

/* The ids of the session's watches, as many as fit; how many there are. Sleeps. */
unsigned int watch_list(struct list_head *session, u64 *ids, unsigned int capacity);

/*
 * Ends all watches of a page, each with a record that says why; returns how many: so many users the
 * caller gives back, who holds page->resolving. Sleeps.
 */
unsigned int watch_end_page(struct watched_page *page, enum vmon_watch_end_reason reason);

void watch_put(struct watch *watch);

#endif
