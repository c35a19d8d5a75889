/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timer groups: up to TIMER_MAX_WATCH_NUM watches of one interval that tick
 * together, up to MAX_TIMER_NUM groups.
 */
#ifndef VMON_TIMER_GROUP_H
#define VMON_TIMER_GROUP_H

#include <linux/cache.h>
#include <linux/spinlock.h>

#include "watch.h"

/* What a tick needs of one watch; two to a cache line. */
struct slot {
	const void *value;
	struct condition condition;	/* span 0: not armed, or SLOT_TRACKED */
	struct watch *watch;
};

struct timer_group {
	u64 interval_ns;
	unsigned int place;		/* among the groups */
	struct tick_timer *timer;
	struct list_head in_timer;
	struct rcu_head rcu;

	/*
	 * Protects what follows, and what watch.h says of the watches.
	 * Slots of one kind lie next to each other, those of kind k before end[k], so
	 * that a tick has one loop a kind and decides nothing per watch but the comparison.
	 * Behind them lie those whose watches have a tracker.
	 */
	raw_spinlock_t lock;
	bool hit;			/* in this tick */
	struct slot *end[SLOT_KINDS];
	struct slot slots[TIMER_MAX_WATCH_NUM] ____cacheline_aligned;
};

/* One tick of one group: compares every watch once. Whether one hit. Hard interrupt context. */
bool timer_group_compare(struct timer_group *group, u64 now_ns);

/*
 * Gives the watch a place, in a new group if need be; it is not armed yet.
 * -ENOSPC if all groups are in use, -ENOMEM. The caller holds cpus_read_lock() and
 * watches_lock. Sleeps.
 */
int timer_group_add(struct watch *watch);

/*
 * Takes the watch's place away, and ends a group that is empty then. On
 * return no tick uses the watch or its page. The caller holds watches_lock.
 */
void timer_group_remove(struct watch *watch);

/*
 * From now on ticks read the watch's value at `value`, or with NULL not at all. On
 * return no tick reads at the earlier place any more. The caller holds the
 * watch's page's lock. Any context.
 */
void timer_group_read_at(struct watch *watch, const void *value);

/* The watch's condition is that of the request from the next tick on. The caller holds watches_lock. */
void timer_group_change(struct watch *watch, const struct vmon_watch_condition *request);

/* Fills in all but the id. The caller holds watches_lock. */
void timer_group_state(struct watch *watch, struct vmon_watch_state *state);

/* Ends the mute that its hit began. The caller holds watches_lock. */
void timer_group_unmute(struct watch *watch);

/* Without a lock. */
unsigned int timer_group_count(void);
unsigned int timer_group_watches(void);

#endif
