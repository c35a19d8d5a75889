/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conditions that one interval of values does not decide: those that look at bits, at ticks
 * before, or at reals. Pure arithmetic: compiled into the module and, by Tests/kmod, into a
 * user-space program.
 */
#ifndef VMON_TRACKER_H
#define VMON_TRACKER_H

#include "condition.h"
#include "real.h"

struct tracker {
	/* what makes a hit */
	__u8 comparison;
	__u8 flags;
	__u8 length;
	__u32 ticks;			/* in a row, at least 1 */
	__u64 threshold;
	struct condition holds;		/* where the comparison is an interval */
	struct condition away;		/* did not come back; span 0: has not to */

	/* what was seen */
	bool seen;			/* a value, in what follows */
	bool disarmed;			/* it hit, and did not come back */
	__u32 ticks_held;
	__u64 value;			/* at the last tick that could read it */
	__u64 value_ns;			/* that tick's time */
	__u64 order;			/* of the value */
	__u64 unchanged_ns;		/* for which it was read, without a change */
	__u64 clock_ns;			/* time of the last tick */

	/* before the last value, for the report of a hit; only if `compared` */
	bool compared;
	__u64 previous;
	__u64 previous_ns;
};

/* Whether a watch needs one: a plain slot knows nothing but an interval of integers. */
static inline bool tracker_needed(const struct vmon_watch_condition *request)
{
	return !condition_is_interval(request->watch.comparison) || request->ticks > 1 ||
	       request->history || request->watch.flags & (VMON_WATCH_FLOAT | VMON_WATCH_REARM);
}

/* Numbers whose order as (un)signed numbers, by flags, is that of the values. */
static inline __u64 value_order(__u8 length, __u8 flags, __u64 value)
{
	return flags & VMON_WATCH_FLOAT ? real_order(length, value) : value;
}

static inline bool value_is_less(__u8 length, __u8 flags, __u64 one, __u64 other)
{
	__u64 bias = flags & VMON_WATCH_UNSIGNED ? 0 : 1ULL << 63;

	return (value_order(length, flags, one) ^ bias) < (value_order(length, flags, other) ^ bias);
}

/* The interval that a comparison with such values is; none, which never holds, if it is not one. */
static inline struct condition value_condition(const struct vmon_watch_condition *request,
					       __u64 threshold)
{
	const struct vmon_watch *watch = &request->watch;

	if (!condition_is_interval(watch->comparison))
		return (struct condition) { 0, 0 };
	return condition_of(watch->comparison, watch->flags,
			    value_order(watch->length, watch->flags, threshold),
			    value_order(watch->length, watch->flags, request->high));
}

/* One that has seen nothing; the request was checked. */
static inline struct tracker tracker_of(const struct vmon_watch_condition *request)
{
	const struct vmon_watch *watch = &request->watch;
	struct tracker tracker = {
		.comparison = watch->comparison,
		.flags = watch->flags,
		.length = watch->length,
		.ticks = request->ticks ? request->ticks : 1,
		.threshold = watch->threshold,
		.holds = value_condition(request, watch->threshold),
	};

	if (watch->flags & VMON_WATCH_REARM)
		tracker.away = value_condition(request, request->rearm);
	return tracker;
}

/* By more than the threshold. */
static inline bool tracker_far(const struct tracker *tracker, __u64 order)
{
	__u64 bias = tracker->flags & VMON_WATCH_UNSIGNED ? 0 : 1ULL << 63;

	if (tracker->flags & VMON_WATCH_FLOAT)
		return real_differ_by_more(tracker->length, order, tracker->order,
					   real_order(tracker->length, tracker->threshold));
	if ((order ^ bias) > (tracker->order ^ bias))
		return order - tracker->order > tracker->threshold;
	return tracker->order - order > tracker->threshold;
}

/* Whether the comparison holds for a value after that of the last tick. */
static inline bool tracker_holds(const struct tracker *tracker, __u64 value, __u64 order)
{
	switch (tracker->comparison) {
	case VMON_CHANGED:
		return tracker->seen && order != tracker->order;
	case VMON_CHANGED_BY:
		return tracker->seen && tracker_far(tracker, order);
	case VMON_UNCHANGED:
		return tracker->seen && tracker->unchanged_ns >= tracker->threshold;
	case VMON_BITS_ANY:
		return value & tracker->threshold;
	case VMON_BITS_ALL:
		return (value & tracker->threshold) == tracker->threshold;
	}
	return condition_holds(tracker->holds, condition_above(tracker->holds, order));
}

/* Takes the value as that of the last tick. */
static inline void tracker_keep(struct tracker *tracker, __u64 value, __u64 order, __u64 now_ns)
{
	tracker->compared = tracker->seen;
	tracker->previous = tracker->value;
	tracker->previous_ns = tracker->value_ns;
	tracker->seen = true;
	tracker->value = value;
	tracker->value_ns = now_ns;
	tracker->order = order;
	tracker->clock_ns = now_ns;
}

/*
 * A tick that could not read the variable, or read what is no number. It ends a row, and such
 * time is no time without a change: what the variable held meanwhile is not known.
 */
static inline void tracker_miss(struct tracker *tracker, __u64 now_ns)
{
	tracker->ticks_held = 0;
	tracker->clock_ns = now_ns;
}

/* A tick that read the value. Whether it makes a hit. */
static inline bool tracker_tick(struct tracker *tracker, __u64 value, __u64 now_ns)
{
	__u64 order = value_order(tracker->length, tracker->flags, value);

	if (tracker->flags & VMON_WATCH_FLOAT && real_is_nan(tracker->length, value)) {
		tracker->seen = false;
		tracker_miss(tracker, now_ns);
		return false;
	}
	if (tracker->seen && order == tracker->order)
		tracker->unchanged_ns += now_ns - tracker->clock_ns;
	else
		tracker->unchanged_ns = 0;
	if (!tracker_holds(tracker, value, order))
		tracker->ticks_held = 0;
	else if (tracker->ticks_held < (__u32)-1)
		tracker->ticks_held++;
	tracker_keep(tracker, value, order, now_ns);
	if (tracker->disarmed)
		tracker->disarmed = condition_holds(tracker->away,
						    condition_above(tracker->away, order));
	return tracker->ticks_held >= tracker->ticks && !tracker->disarmed;
}

/* Its tick made a hit that is reported. */
static inline void tracker_hit(struct tracker *tracker)
{
	tracker->disarmed = tracker->flags & VMON_WATCH_REARM;
}

#endif
