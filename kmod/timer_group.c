// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "compat/hrtimer.h"
#include "hits.h"
#include "tick_budget.h"
#include "timer_group.h"

/* What the tick needs of one watch; two to a cache line. */
struct slot {
	const void *value;
	struct condition condition;	/* span 0: not armed */
	struct watch *watch;
};

struct timer_group {
	struct hrtimer timer;
	u64 interval_ns;

	/* watches_lock, for writing cpus_read_lock() too */
	unsigned int cpu;
	unsigned int place;		/* in groups */

	/*
	 * Protects what follows, and slot, readable, muted and muted_ticks of the watches.
	 * Slots of one kind lie next to each other, those of kind k before end[k], so
	 * that a tick has one loop a kind and decides nothing per watch but the comparison.
	 */
	raw_spinlock_t lock;
	struct slot *end[VALUE_KINDS];
	struct slot slots[TIMER_MAX_WATCH_NUM] ____cacheline_aligned;
};

#define NO_CPU UINT_MAX

/* watches_lock protects all three. */
static struct timer_group *groups[MAX_TIMER_NUM];
static unsigned int group_count;
static unsigned int watch_count;

/* What a slot reads while its page is not known. */
static const u64 nothing;

/* ---- the tick ---- */

/* `above`: of the value, see condition.h; so the loop need not keep the value itself. */
static noinline void slot_hit(struct slot *slot, u64 above, u64 now_ns)
{
	struct watch *watch = slot->watch;

	if (watch->muted) {
		watch->muted_ticks++;
		return;
	}
	watch->muted = true;
	hit_record(watch, slot->condition.low + above, now_ns);
	watch->muted_ticks = 0;
}

/* Compares the slots of one kind, from `slot` up to `end`, which it returns. */
static __always_inline struct slot *compare(struct slot *slot, struct slot *end,
					    const enum value_kind kind, u64 now_ns)
{
	for (; slot < end; slot++) {
		u64 above = condition_above(slot->condition, value_read(slot->value, kind));

		if (unlikely(condition_holds(slot->condition, above)))
			slot_hit(slot, above, now_ns);
	}
	return end;
}

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	struct timer_group *group = container_of(timer, struct timer_group, timer);
	u64 began = ktime_get_ns();
	struct slot *slot = group->slots;
	u64 not_before;

	raw_spin_lock(&group->lock);
	slot = compare(slot, group->end[VALUE_U8], VALUE_U8, began);
	slot = compare(slot, group->end[VALUE_U16], VALUE_U16, began);
	slot = compare(slot, group->end[VALUE_U32], VALUE_U32, began);
	slot = compare(slot, group->end[VALUE_U64], VALUE_U64, began);
	slot = compare(slot, group->end[VALUE_S8], VALUE_S8, began);
	slot = compare(slot, group->end[VALUE_S16], VALUE_S16, began);
	slot = compare(slot, group->end[VALUE_S32], VALUE_S32, began);
	compare(slot, group->end[VALUE_S64], VALUE_S64, began);
	raw_spin_unlock(&group->lock);

	not_before = tick_budget_charge(began, ktime_get_ns());
	hrtimer_forward(timer, ns_to_ktime(not_before), ns_to_ktime(group->interval_ns));
	return HRTIMER_RESTART;
}

/* ---- on which CPU ---- */

static void start_here(void *argument)
{
	struct timer_group *group = argument;
	u64 periods = div64_u64(ktime_get_ns(), group->interval_ns);

	/* On multiples of the interval, groups of one interval expire together. */
	hrtimer_start(&group->timer, ns_to_ktime((periods + 1) * group->interval_ns),
		      HRTIMER_MODE_ABS_PINNED_HARD);
}

/* Whether that group is the first of its CPU with its interval: the others share its interrupts. */
static bool is_first_of_interval(unsigned int place)
{
	unsigned int i;

	for (i = 0; i < place; i++)
		if (groups[i] && groups[i]->cpu == groups[place]->cpu &&
		    groups[i]->interval_ns == groups[place]->interval_ns)
			return false;
	return true;
}

/* Tick interrupts a second on that CPU. */
static u64 interrupt_rate(unsigned int cpu)
{
	u64 rate = 0;
	unsigned int i;

	for (i = 0; i < MAX_TIMER_NUM; i++)
		if (groups[i] && groups[i]->cpu == cpu && is_first_of_interval(i))
			rate += div64_u64(NSEC_PER_SEC, groups[i]->interval_ns) + 1;
	return rate;
}

/*
 * Where groups of this interval already share an interrupt, unless that CPU is throttled;
 * else where the fewest interrupts are. Never `except`.
 */
static unsigned int choose_cpu(u64 interval_ns, unsigned int except)
{
	unsigned int best = NO_CPU, cpu, i;
	u64 rate, best_rate = U64_MAX;

	for (i = 0; i < MAX_TIMER_NUM; i++)
		if (groups[i] && groups[i]->interval_ns == interval_ns &&
		    groups[i]->cpu != NO_CPU && !tick_budget_exceeded(groups[i]->cpu))
			return groups[i]->cpu;
	for_each_online_cpu(cpu) {
		if (cpu == except)
			continue;
		rate = interrupt_rate(cpu);
		if (rate < best_rate) {
			best = cpu;
			best_rate = rate;
		}
	}
	return best;
}

/* Places all groups anew, as if they came one after another, on CPUs other than `except`. */
static void spread(unsigned int except)
{
	unsigned int before[MAX_TIMER_NUM], i;

	mutex_lock(&watches_lock);
	for (i = 0; i < MAX_TIMER_NUM; i++) {
		if (!groups[i])
			continue;
		before[i] = groups[i]->cpu;
		groups[i]->cpu = NO_CPU;
	}
	for (i = 0; i < MAX_TIMER_NUM; i++) {
		if (!groups[i])
			continue;
		groups[i]->cpu = choose_cpu(groups[i]->interval_ns, except);
		if (groups[i]->cpu == before[i])
			continue;
		hrtimer_cancel(&groups[i]->timer);
		smp_call_function_single(groups[i]->cpu, start_here, groups[i], 1);
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

int timer_groups_init(void)
{
	hotplug_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "variable_monitor:online",
						  cpu_came, cpu_goes);
	return hotplug_state < 0 ? hotplug_state : 0;
}

void timer_groups_exit(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
}

/* ---- groups and their watches ---- */

static unsigned int count_of(const struct timer_group *group)
{
	return group->end[VALUE_KINDS - 1] - group->slots;
}

static struct timer_group *group_with_room(u64 interval_ns)
{
	unsigned int i;

	for (i = 0; i < MAX_TIMER_NUM; i++)
		if (groups[i] && groups[i]->interval_ns == interval_ns &&
		    count_of(groups[i]) < TIMER_MAX_WATCH_NUM)
			return groups[i];
	return NULL;
}

static struct timer_group *group_create(u64 interval_ns)
{
	struct timer_group *group;
	unsigned int place = 0;
	int kind;

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
	for (kind = 0; kind < VALUE_KINDS; kind++)
		group->end[kind] = group->slots;
	compat_hrtimer_setup(&group->timer, tick, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);

	group->cpu = choose_cpu(interval_ns, NO_CPU);
	groups[place] = group;
	WRITE_ONCE(group_count, group_count + 1);
	smp_call_function_single(group->cpu, start_here, group, 1);
	return group;
}

static void put_in_slot(struct slot *to, struct slot content)
{
	*to = content;
	to->watch->slot = to;
}

int timer_group_add(struct watch *watch)
{
	struct timer_group *group = group_with_room(watch->interval_ns);
	unsigned long flags;
	int kind;

	lockdep_assert_held(&watches_lock);
	if (!group)
		group = group_create(watch->interval_ns);
	if (IS_ERR(group))
		return PTR_ERR(group);

	raw_spin_lock_irqsave(&group->lock, flags);
	/* Each later kind gives its first place to the kind before it, and takes one at its end. */
	for (kind = VALUE_KINDS - 1; kind > (int)watch->kind; kind--) {
		if (group->end[kind] > group->end[kind - 1])
			put_in_slot(group->end[kind], *group->end[kind - 1]);
		group->end[kind]++;
	}
	put_in_slot(group->end[kind]++, (struct slot) { .value = &nothing, .watch = watch });
	raw_spin_unlock_irqrestore(&group->lock, flags);

	watch->group = group;
	WRITE_ONCE(watch_count, watch_count + 1);
	return 0;
}

void timer_group_remove(struct watch *watch)
{
	struct timer_group *group = watch->group;
	struct slot *hole = watch->slot;
	unsigned long flags;
	int kind;

	lockdep_assert_held(&watches_lock);
	raw_spin_lock_irqsave(&group->lock, flags);
	/* The last of its kind fills its place, the last of the next kind that one's, and so on. */
	for (kind = watch->kind; kind < VALUE_KINDS; kind++) {
		struct slot *last = --group->end[kind];

		if (last != hole)
			put_in_slot(hole, *last);
		hole = last;
	}
	raw_spin_unlock_irqrestore(&group->lock, flags);

	watch->group = NULL;
	WRITE_ONCE(watch_count, watch_count - 1);
	if (count_of(group))
		return;
	groups[group->place] = NULL;
	WRITE_ONCE(group_count, group_count - 1);
	hrtimer_cancel(&group->timer);
	kfree(group);
}

void timer_group_read_at(struct watch *watch, const void *value)
{
	struct timer_group *group = watch->group;
	unsigned long flags;

	raw_spin_lock_irqsave(&group->lock, flags);
	*watch->slot = (struct slot) {
		.value = value ?: &nothing,
		.condition = {
			.low = watch->condition.low,
			.span = value ? watch->condition.span : 0,
		},
		.watch = watch,
	};
	raw_spin_unlock_irqrestore(&group->lock, flags);
}

void timer_group_unmute(struct watch *watch)
{
	struct timer_group *group = watch->group;
	unsigned long flags;

	lockdep_assert_held(&watches_lock);
	raw_spin_lock_irqsave(&group->lock, flags);
	watch->muted = false;
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
