/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hrtimers. Timer groups of one interval share a timer, and so one interrupt, as long as
 * its CPU can carry them; timers of different intervals are spread over the CPUs.
 */
#ifndef VMON_TICK_TIMER_H
#define VMON_TICK_TIMER_H

#include <linux/types.h>

struct timer_group;
struct tick_timer;
struct vmon_watch_state;

/* Begin and end to move timers when CPUs come and go. Errno. Sleep; without timers. */
int tick_timers_init(void);
void tick_timers_exit(void);

/*
 * From now on the group ticks. -ENOMEM. The caller holds cpus_read_lock() and
 * watches_lock. Sleeps.
 */
int tick_timer_join(struct timer_group *group);

/*
 * It ticks no more: whoever still walks it does so under RCU. Ends the timer of the
 * last group. The caller holds watches_lock.
 */
void tick_timer_leave(struct timer_group *group);

/* Fills in what is the timer's of a group's watch. The caller holds watches_lock. */
void tick_timer_state(const struct timer_group *group, struct vmon_watch_state *state);

#endif
