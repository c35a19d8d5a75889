// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/math64.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "compat/housekeeping.h"
#include "compat/hrtimer.h"
#include "tick_budget.h"
#include "tick_timer.h"
#include "timer_group.h"
#include "trigger.h"

#define NO_CPU UINT_MAX

/* Groups of one timer: more share the work with another CPU, where there is one. */
#define GROUPS_MAX 16

struct tick_timer {
	struct hrtimer hrtimer;
	u64 interval_ns;
	struct list_head groups;	/* written under watches_lock, walked under RCU */

	/* written by ticks */
	u64 ticks;
	u64 throttled;
	u64 intervals_to_next;		/* 1, unless throttled or late */

	/* watches_lock */
	struct list_head in_timers;
	unsigned int cpu;
	unsigned int group_count;
};

/* watches_lock. */
static LIST_HEAD(timers);

static enum hrtimer_restart tick(struct hrtimer *hrtimer)
{
	struct tick_timer *timer = container_of(hrtimer, struct tick_timer, hrtimer);
	u64 began = ktime_get_ns(), ended, not_before;
	struct timer_group *group;
	bool hit = false;

	rcu_read_lock();
	list_for_each_entry_rcu(group, &timer->groups, in_timer)
		hit |= timer_group_compare(group, began);
	rcu_read_unlock();
	/* Only now, so that the hits of one tick are in one dump. */
	if (unlikely(hit))
		trigger_dump();

	ended = ktime_get_ns();
	not_before = tick_budget_charge(began, ended);
	WRITE_ONCE(timer->ticks, timer->ticks + 1);
	if (unlikely(not_before > ended))
		WRITE_ONCE(timer->throttled, timer->throttled + 1);
	WRITE_ONCE(timer->intervals_to_next,
		   hrtimer_forward(hrtimer, ns_to_ktime(not_before), ns_to_ktime(timer->interval_ns)));
	return HRTIMER_RESTART;
}

/* Timers whose intervals are multiples of each other meet in one interrupt, too. */
static void start_here(void *argument)
{
	struct tick_timer *timer = argument;
	u64 periods = div64_u64(ktime_get_ns(), timer->interval_ns);

	hrtimer_start(&timer->hrtimer, ns_to_ktime((periods + 1) * timer->interval_ns),
		      HRTIMER_MODE_ABS_PINNED_HARD);
}

/* Ticks a second on that CPU. */
static u64 tick_rate(unsigned int cpu)
{
	struct tick_timer *timer;
	u64 rate = 0;

	list_for_each_entry(timer, &timers, in_timers)
		if (timer->cpu == cpu)
			rate += div64_u64(NSEC_PER_SEC, timer->interval_ns) + 1;
	return rate;
}

/* The CPU of the mask that is online and has the fewest ticks, other than `except`. */
static unsigned int choose_among(const struct cpumask *mask, unsigned int except)
{
	unsigned int best = NO_CPU, cpu;
	u64 rate, best_rate = U64_MAX;

	for_each_cpu_and(cpu, mask, cpu_online_mask) {
		if (cpu == except)
			continue;
		rate = tick_rate(cpu);
		if (rate < best_rate) {
			best = cpu;
			best_rate = rate;
		}
	}
	return best;
}

static unsigned int choose_cpu(unsigned int except)
{
	unsigned int cpu = choose_among(compat_timer_cpus(), except);

	return cpu != NO_CPU ? cpu : choose_among(cpu_online_mask, except);
}

/* Places all timers anew, as if they came one after another, on CPUs other than `except`. */
static void spread(unsigned int except)
{
	struct tick_timer *timer;

	mutex_lock(&watches_lock);
	list_for_each_entry(timer, &timers, in_timers) {
		hrtimer_cancel(&timer->hrtimer);
		timer->cpu = NO_CPU;
	}
	list_for_each_entry(timer, &timers, in_timers) {
		timer->cpu = choose_cpu(except);
		smp_call_function_single(timer->cpu, start_here, timer, 1);
	}
	mutex_unlock(&watches_lock);
}

static int cpu_came(unsigned int cpu)
{
	spread(NO_CPU);
	return 0;
}

static int cpu_goes(unsigned int cpu)
{
	spread(cpu);
	return 0;
}

static int hotplug_state;

int tick_timers_init(void)
{
	hotplug_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "variable_monitor:online",
						  cpu_came, cpu_goes);
	return hotplug_state < 0 ? hotplug_state : 0;
}

void tick_timers_exit(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
}

/* The timer of that interval that has time left for another group. */
static struct tick_timer *find_timer(u64 interval_ns)
{
	struct tick_timer *timer;

	list_for_each_entry(timer, &timers, in_timers)
		if (timer->interval_ns == interval_ns && timer->group_count < GROUPS_MAX &&
		    !tick_budget_exceeded(timer->cpu))
			return timer;
	return NULL;
}

static void add_group(struct tick_timer *timer, struct timer_group *group)
{
	group->timer = timer;
	list_add_tail_rcu(&group->in_timer, &timer->groups);
	timer->group_count++;
}

int tick_timer_join(struct timer_group *group)
{
	struct tick_timer *timer = find_timer(group->interval_ns);

	lockdep_assert_held(&watches_lock);
	if (timer) {
		add_group(timer, group);
		return 0;
	}
	timer = kzalloc(sizeof(*timer), GFP_KERNEL);
	if (!timer)
		return -ENOMEM;
	timer->interval_ns = group->interval_ns;
	timer->intervals_to_next = 1;
	INIT_LIST_HEAD(&timer->groups);
	compat_hrtimer_setup(&timer->hrtimer, tick, CLOCK_MONOTONIC,
			     HRTIMER_MODE_ABS_PINNED_HARD);
	add_group(timer, group);

	timer->cpu = choose_cpu(NO_CPU);
	list_add_tail(&timer->in_timers, &timers);
	smp_call_function_single(timer->cpu, start_here, timer, 1);
	return 0;
}

void tick_timer_state(const struct timer_group *group, struct vmon_watch_state *state)
{
	const struct tick_timer *timer = group->timer;

	lockdep_assert_held(&watches_lock);
	state->timer_ticks = READ_ONCE(timer->ticks);
	state->throttled_ticks = READ_ONCE(timer->throttled);
	state->current_interval_ns = READ_ONCE(timer->intervals_to_next) * timer->interval_ns;
}

void tick_timer_leave(struct timer_group *group)
{
	struct tick_timer *timer = group->timer;

	lockdep_assert_held(&watches_lock);
	list_del_rcu(&group->in_timer);
	if (--timer->group_count)
		return;
	list_del(&timer->in_timers);
	hrtimer_cancel(&timer->hrtimer);
	kfree(timer);
}
