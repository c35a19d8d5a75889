/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timer groups: up to TIMER_MAX_WATCH_NUM watches of one interval on one
 * hrtimer, up to MAX_TIMER_NUM groups.
 */
#ifndef VMON_TIMER_GROUP_H
#define VMON_TIMER_GROUP_H

#include "watch.h"

/* Begin and end to move groups when CPUs come and go. Errno. Sleep; without groups. */
int timer_groups_init(void);
void timer_groups_exit(void);

/*
 * Gives the watch a place, in a new group if need be; it is not armed yet.
 * -ENOSPC if all timers are in use, -ENOMEM. The caller holds cpus_read_lock() and
 * watches_lock.
 */
int timer_group_add(struct watch *watch);

/*
 * Takes the watch's place away, and the timer of a group that is empty then. On
 * return no tick uses the watch or its page. The caller holds watches_lock.
 */
void timer_group_remove(struct watch *watch);

/*
 * From now on ticks read the watch's value at `value`, or with NULL not at all. On
 * return no tick reads at the earlier place any more. The caller holds the
 * watch's page's lock. Any context.
 */
void timer_group_read_at(struct watch *watch, const void *value);

/* Ends the mute that its hit began. The caller holds watches_lock. */
void timer_group_unmute(struct watch *watch);

/* Without a lock. */
unsigned int timer_group_count(void);
unsigned int timer_group_watches(void);

#endif
