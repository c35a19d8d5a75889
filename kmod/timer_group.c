// SPDX-License-Identifier: GPL-2.0-only
#include <linux/rculist.h>
#include <linux/slab.h>

#include "history.h"
#include "hits.h"
#include "tick_timer.h"
#include "timer_group.h"

/* watches_lock protects all three. */
static struct timer_group *groups[MAX_TIMER_NUM];
static unsigned int group_count;
static unsigned int watch_count;

/* What a slot reads while its page is not known. */
static const u64 nothing;

static void watch_hit(struct watch *watch, u64 value, u64 now_ns)
{
	if (watch->muted) {
		watch->muted_ticks++;
		return;
	}
	watch->muted = true;
	hit_record(watch, value, now_ns);
	if (watch->slot_kind == SLOT_TRACKED)
		tracker_hit(&watch->tracker);
	watch->muted_ticks = 0;
	watch->group->hit = true;
}

/*
 * `above`: of the value, see condition.h; so the loop need not keep the value itself. No clone,
 * or the loop would load for each slot what only a hit needs of it.
 */
static noinline __noclone void slot_hit(struct slot *slot, u64 above, u64 now_ns)
{
	watch_hit(slot->watch, slot->condition.low + above, now_ns);
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

static void keep_sample(struct watch *watch, u64 value, u64 now_ns)
{
	u64 end_ns = READ_ONCE(watch->process->histories_end_ns);

	/* All that are read at the tick of the hit are kept, whichever comes first. */
	if (!end_ns || now_ns <= end_ns)
		history_add(watch->history, value, now_ns);
}

static void track(struct slot *slot, u64 now_ns)
{
	struct watch *watch = slot->watch;
	u64 value;

	if (unlikely(slot->value == &nothing)) {
		tracker_miss(&watch->tracker, now_ns);
		return;
	}
	value = value_read(slot->value, watch->kind);
	if (watch->history)
		keep_sample(watch, value, now_ns);
	if (unlikely(tracker_tick(&watch->tracker, value, now_ns)))
		watch_hit(watch, value, now_ns);
}

/* The watches with a tracker, from `slot` on. */
static noinline void track_all(struct timer_group *group, struct slot *slot, u64 now_ns)
{
	for (; slot < group->end[SLOT_TRACKED]; slot++)
		track(slot, now_ns);
}

bool timer_group_compare(struct timer_group *group, u64 now_ns)
{
	struct slot *slot = group->slots;
	bool hit;

	raw_spin_lock(&group->lock);
	slot = compare(slot, group->end[VALUE_U8], VALUE_U8, now_ns);
	slot = compare(slot, group->end[VALUE_U16], VALUE_U16, now_ns);
	slot = compare(slot, group->end[VALUE_U32], VALUE_U32, now_ns);
	slot = compare(slot, group->end[VALUE_U64], VALUE_U64, now_ns);
	slot = compare(slot, group->end[VALUE_S8], VALUE_S8, now_ns);
	slot = compare(slot, group->end[VALUE_S16], VALUE_S16, now_ns);
	slot = compare(slot, group->end[VALUE_S32], VALUE_S32, now_ns);
	slot = compare(slot, group->end[VALUE_S64], VALUE_S64, now_ns);
	if (slot < group->end[SLOT_TRACKED])
		track_all(group, slot, now_ns);
	hit = group->hit;
	group->hit = false;
	raw_spin_unlock(&group->lock);
	return hit;
}

static unsigned int count_of(const struct timer_group *group)
{
	return group->end[SLOT_KINDS - 1] - group->slots;
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
	int kind, error;

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
	for (kind = 0; kind < SLOT_KINDS; kind++)
		group->end[kind] = group->slots;
	error = tick_timer_join(group);
	if (error) {
		kfree(group);
		return ERR_PTR(error);
	}
	groups[place] = group;
	WRITE_ONCE(group_count, group_count + 1);
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
	for (kind = SLOT_KINDS - 1; kind > watch->slot_kind; kind--) {
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
	for (kind = watch->slot_kind; kind < SLOT_KINDS; kind++) {
		struct slot *last = --group->end[kind];

		if (last != hole)
			put_in_slot(hole, *last);
		hole = last;
	}
	raw_spin_unlock_irqrestore(&group->lock, flags);

	WRITE_ONCE(watch->group, NULL);
	WRITE_ONCE(watch_count, watch_count - 1);
	if (count_of(group))
		return;
	groups[group->place] = NULL;
	WRITE_ONCE(group_count, group_count - 1);
	tick_timer_leave(group);
	kfree_rcu(group, rcu);
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

void timer_group_change(struct watch *watch, const struct vmon_watch_condition *request)
{
	struct timer_group *group = watch->group;
	unsigned long flags;

	lockdep_assert_held(&watches_lock);
	raw_spin_lock_irqsave(&group->lock, flags);
	watch_set_condition(watch, request);
	if (watch->slot->value != &nothing)
		watch->slot->condition = watch->condition;
	raw_spin_unlock_irqrestore(&group->lock, flags);
}

void timer_group_state(struct watch *watch, struct vmon_watch_state *state)
{
	struct timer_group *group = watch->group;
	unsigned long flags;

	lockdep_assert_held(&watches_lock);
	raw_spin_lock_irqsave(&group->lock, flags);
	state->hits = watch->hits;
	state->muted_ticks = watch->muted_ticks;
	state->flags = (watch->muted ? VMON_STATE_MUTED : 0) |
		       (watch->tracker.disarmed ? VMON_STATE_DISARMED : 0) |
		       (watch->slot->value == &nothing ? VMON_STATE_UNREADABLE : 0);
	raw_spin_unlock_irqrestore(&group->lock, flags);
	state->interval_ns = watch->interval_ns;
	tick_timer_state(group, state);
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
