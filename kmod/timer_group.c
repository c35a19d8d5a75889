// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "compat/hrtimer.h"
#include "hits.h"
#include "tick_budget.h"
#include "timer_group.h"

/* What the tick needs of one watch: two to a cache line, walked in order. */
struct slot {
	const void *value;
	struct condition condition;	/* span 0: not armed */
	enum value_kind kind;
};

struct timer_group {
	struct hrtimer timer;
	u64 interval_ns;
	unsigned int cpu;
	unsigned int place;		/* in groups */

	/* Protects what follows, and slot, readable and muted of the watches. */
	raw_spinlock_t lock;
	unsigned int count;
	struct slot slots[TIMER_MAX_WATCH_NUM];
	struct watch *watches[TIMER_MAX_WATCH_NUM];
};

/* watches_lock protects all three. */
static struct timer_group *groups[MAX_TIMER_NUM];
static unsigned int group_count;
static unsigned int watch_count;

/* What a slot reads while its page is not known. */
static const u64 nothing;

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	struct timer_group *group = container_of(timer, struct timer_group, timer);
	u64 began = ktime_get_ns();
	unsigned int i;
	u64 not_before;

	raw_spin_lock(&group->lock);
	for (i = 0; i < group->count; i++) {
		struct slot *slot = &group->slots[i];
		u64 value = value_read(slot->value, slot->kind);

		if (unlikely(condition_holds(slot->condition, value))) {
			slot->condition.span = 0;
			group->watches[i]->muted = true;
			hit_record(group->watches[i], value, began);
		}
	}
	raw_spin_unlock(&group->lock);

	not_before = tick_budget_charge(began, ktime_get_ns());
	hrtimer_forward(timer, ns_to_ktime(not_before), ns_to_ktime(group->interval_ns));
	return HRTIMER_RESTART;
}

static void start_here(void *argument)
{
	struct timer_group *group = argument;
	u64 periods = div64_u64(ktime_get_ns(), group->interval_ns);

	/* On multiples of the interval, groups of one interval expire together. */
	hrtimer_start(&group->timer, ns_to_ktime((periods + 1) * group->interval_ns),
		      HRTIMER_MODE_ABS_PINNED_HARD);
}

/* Ticks a second of all groups on that CPU. */
static u64 tick_rate(unsigned int cpu)
{
	u64 rate = 0;
	unsigned int i;

	for (i = 0; i < MAX_TIMER_NUM; i++)
		if (groups[i] && groups[i]->cpu == cpu)
			rate += div64_u64(NSEC_PER_SEC, groups[i]->interval_ns) + 1;
	return rate;
}

/*
 * Where groups of this interval already share an interrupt, unless that CPU is
 * throttled; else where the fewest ticks are.
 */
static unsigned int choose_cpu(u64 interval_ns)
{
	unsigned int best = cpumask_first(cpu_online_mask), cpu, i;

	for (i = 0; i < MAX_TIMER_NUM; i++)
		if (groups[i] && groups[i]->interval_ns == interval_ns &&
		    cpu_online(groups[i]->cpu) && !tick_budget_exceeded(groups[i]->cpu))
			return groups[i]->cpu;
	for_each_online_cpu(cpu)
		if (tick_rate(cpu) < tick_rate(best))
			best = cpu;
	return best;
}

static struct timer_group *group_with_room(u64 interval_ns)
{
	unsigned int i;

	for (i = 0; i < MAX_TIMER_NUM; i++)
		if (groups[i] && groups[i]->interval_ns == interval_ns &&
		    groups[i]->count < TIMER_MAX_WATCH_NUM)
			return groups[i];
	return NULL;
}

static struct timer_group *group_create(u64 interval_ns)
{
	struct timer_group *group;
	unsigned int place = 0;

	while (place < MAX_TIMER_NUM && groups[place])
		place++;
	if (place == MAX_TIMER_NUM)
		return ERR_PTR(-ENOSPC);
	group = kzalloc(sizeof(*group), GFP_KERNEL);
	if (!group)
		return ERR_PTR(-ENOMEM);
	raw_spin_lock_init(&group->lock);
	group->interval_ns = interval_ns;
	group->place = place;
	compat_hrtimer_setup(&group->timer, tick, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);

	cpus_read_lock();
	group->cpu = choose_cpu(interval_ns);
	smp_call_function_single(group->cpu, start_here, group, 1);
	cpus_read_unlock();

	groups[place] = group;
	WRITE_ONCE(group_count, group_count + 1);
	return group;
}

int timer_group_add(struct watch *watch)
{
	struct timer_group *group = group_with_room(watch->interval_ns);
	unsigned long flags;

	lockdep_assert_held(&watches_lock);
	if (!group)
		group = group_create(watch->interval_ns);
	if (IS_ERR(group))
		return PTR_ERR(group);

	raw_spin_lock_irqsave(&group->lock, flags);
	watch->slot = group->count++;
	group->watches[watch->slot] = watch;
	group->slots[watch->slot] = (struct slot) { .value = &nothing, .kind = watch->kind };
	raw_spin_unlock_irqrestore(&group->lock, flags);

	watch->group = group;
	WRITE_ONCE(watch_count, watch_count + 1);
	return 0;
}

void timer_group_remove(struct watch *watch)
{
	struct timer_group *group = watch->group;
	unsigned long flags;
	unsigned int last;

	lockdep_assert_held(&watches_lock);
	raw_spin_lock_irqsave(&group->lock, flags);
	last = --group->count;
	group->slots[watch->slot] = group->slots[last];
	group->watches[watch->slot] = group->watches[last];
	group->watches[watch->slot]->slot = watch->slot;
	raw_spin_unlock_irqrestore(&group->lock, flags);

	watch->group = NULL;
	WRITE_ONCE(watch_count, watch_count - 1);
	if (last)
		return;
	groups[group->place] = NULL;
	WRITE_ONCE(group_count, group_count - 1);
	hrtimer_cancel(&group->timer);
	kfree(group);
}

/* Sets what decides whether the slot is armed; the caller holds group->lock. */
static void slot_update(struct watch *watch)
{
	struct condition *condition = &watch->group->slots[watch->slot].condition;

	condition->low = watch->condition.low;
	condition->span = watch->readable && !watch->muted ? watch->condition.span : 0;
}

void timer_group_read_at(struct watch *watch, const void *value)
{
	struct timer_group *group = watch->group;
	unsigned long flags;

	raw_spin_lock_irqsave(&group->lock, flags);
	group->slots[watch->slot].value = value ?: &nothing;
	watch->readable = value;
	slot_update(watch);
	raw_spin_unlock_irqrestore(&group->lock, flags);
}

void timer_group_unmute(struct watch *watch)
{
	struct timer_group *group = watch->group;
	unsigned long flags;

	lockdep_assert_held(&watches_lock);
	raw_spin_lock_irqsave(&group->lock, flags);
	watch->muted = false;
	slot_update(watch);
	raw_spin_unlock_irqrestore(&group->lock, flags);
}

unsigned int timer_group_count(void)
{
	return READ_ONCE(group_count);
}

unsigned int timer_group_watches(void)
{
	return READ_ONCE(watch_count);
}
