/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What makes a value a hit. Pure arithmetic: compiled into the module and, by
 * Tests/kmod, into a user-space program.
 *
 * Values of every width are sign- or zero-extended to 64 bits first. A
 * comparison with constants then is one interval of the circle of 64-bit
 * numbers, and membership is one subtraction and one unsigned comparison,
 * whatever the signedness and direction. What is not such an interval is tracker.h's.
 */
#ifndef VMON_CONDITION_H
#define VMON_CONDITION_H

#include <variable_monitor.h>

/* A hit is a value less than span above low. A span of 0 never hits. */
struct condition {
	__u64 low;
	__u64 span;
};

/* How a variable is read: log2 of its bytes, and bit 2 if it is signed. */
enum value_kind {
	VALUE_U8, VALUE_U16, VALUE_U32, VALUE_U64,
	VALUE_S8, VALUE_S16, VALUE_S32, VALUE_S64,
	VALUE_KINDS
};

/* Whether condition_of() knows it. */
static inline int condition_is_interval(__u8 comparison)
{
	return comparison <= VMON_OUTSIDE;
}

/* high: of VMON_OUTSIDE alone, not less than threshold. */
static inline struct condition condition_of(__u8 comparison, __u8 flags, __u64 threshold,
					    __u64 high)
{
	__u64 least = flags & VMON_WATCH_UNSIGNED ? 0 : 1ULL << 63;

	switch (comparison) {
	case VMON_LESS:
		return (struct condition) { least, threshold - least };
	case VMON_EQUAL:
		return (struct condition) { threshold, 1 };
	case VMON_NOT_EQUAL:
		high = threshold;
		break;
	case VMON_OUTSIDE:
		break;
	default:
		return (struct condition) { threshold + 1, least - 1 - threshold };
	}
	/* All the circle but threshold … high. */
	return (struct condition) { high + 1, threshold - high - 1 };
}

/* How far the value lies above low, on the circle. */
static inline __u64 condition_above(struct condition condition, __u64 value)
{
	return value - condition.low;
}

static inline int condition_holds(struct condition condition, __u64 above)
{
	return above < condition.span;
}

/* length: 1, 2, 4 or 8. */
static inline enum value_kind value_kind_of(__u8 length, __u8 flags)
{
	int kind = length == 8 ? 3 : length >> 1;

	/* A real is its bits. */
	return (enum value_kind)(flags & (VMON_WATCH_UNSIGNED | VMON_WATCH_FLOAT) ? kind : kind + 4);
}

/* Reads the variable once, at its exact width. One load where `kind` is a constant. */
static inline __u64 value_read(const volatile void *at, enum value_kind kind)
{
	switch (kind) {
	case VALUE_U8:
		return *(const volatile __u8 *)at;
	case VALUE_U16:
		return *(const volatile __u16 *)at;
	case VALUE_U32:
		return *(const volatile __u32 *)at;
	case VALUE_S8:
		return (__u64)(__s64)*(const volatile __s8 *)at;
	case VALUE_S16:
		return (__u64)(__s64)*(const volatile __s16 *)at;
	case VALUE_S32:
		return (__u64)(__s64)*(const volatile __s32 *)at;
	case VALUE_U64:
	case VALUE_S64:
	case VALUE_KINDS:
		break;
	}
	return *(const volatile __u64 *)at;
}

#endif
