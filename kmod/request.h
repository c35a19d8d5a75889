/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which conditions make sense. Pure arithmetic: compiled into the module and, by
 * Tests/kmod, into a user-space program.
 */
#ifndef VMON_REQUEST_H
#define VMON_REQUEST_H

#include "tracker.h"

#define REQUEST_FLAGS (VMON_WATCH_UNSIGNED | VMON_WATCH_FLOAT | VMON_WATCH_REARM)

static inline bool length_is_valid(__u8 length)
{
	return length == 1 || length == 2 || length == 4 || length == 8;
}

/* Whether the value is one that such a variable can be compared with. */
static inline bool operand_is_valid(const struct vmon_watch *watch, __u64 value)
{
	if (!(watch->flags & VMON_WATCH_FLOAT))
		return true;
	if (watch->length == 4 && value >> 32)
		return false;
	return !real_is_nan(watch->length, value);
}

/* Of the threshold, as the comparison uses it. */
static inline bool threshold_is_valid(const struct vmon_watch *watch)
{
	__u64 threshold = watch->threshold;
	bool is_float = watch->flags & VMON_WATCH_FLOAT;

	switch (watch->comparison) {
	case VMON_CHANGED:
		return !threshold;
	case VMON_CHANGED_BY:
		return !is_float || (operand_is_valid(watch, threshold) &&
				     real_is_finite(watch->length, threshold) &&
				     (__s64)real_order(watch->length, threshold) >= 0);
	case VMON_UNCHANGED:
		return threshold;
	case VMON_BITS_ANY:
	case VMON_BITS_ALL:
		return threshold && !is_float &&
		       (watch->length == 8 || !(threshold >> (8 * watch->length)));
	}
	return operand_is_valid(watch, threshold);
}

/* The other two values: used by some, 0 for the rest. */
static inline bool others_are_valid(const struct vmon_watch_condition *request)
{
	const struct vmon_watch *watch = &request->watch;
	bool above = watch->comparison == VMON_GREATER, below = watch->comparison == VMON_LESS;

	if (watch->comparison != VMON_OUTSIDE) {
		if (request->high)
			return false;
	} else if (!operand_is_valid(watch, request->high) ||
		   value_is_less(watch->length, watch->flags, request->high, watch->threshold)) {
		return false;
	}
	if (!(watch->flags & VMON_WATCH_REARM))
		return !request->rearm;
	if (!operand_is_valid(watch, request->rearm))
		return false;
	if (above)
		return !value_is_less(watch->length, watch->flags, watch->threshold, request->rearm);
	return below && !value_is_less(watch->length, watch->flags, request->rearm,
				       watch->threshold);
}

/* Whether length, comparison, flags and the values fit together. */
static inline bool condition_is_valid(const struct vmon_watch_condition *request)
{
	const struct vmon_watch *watch = &request->watch;
	bool is_float = watch->flags & VMON_WATCH_FLOAT;

	if (!length_is_valid(watch->length) || watch->comparison > VMON_BITS_ALL ||
	    watch->flags & ~REQUEST_FLAGS)
		return false;
	if (is_float && (watch->length < 4 || watch->flags & VMON_WATCH_UNSIGNED))
		return false;
	return threshold_is_valid(watch) && others_are_valid(request);
}

#endif
