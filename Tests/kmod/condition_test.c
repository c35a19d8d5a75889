// SPDX-License-Identifier: Apache-2.0
/* Every comparison against the C language's own, at and around every edge. */
#include <stdint.h>

#include "check.h"
#include "condition.h"

/* The type's ends, and the neighbours of 0 and of every power of two. */
static int edges(int64_t *values)
{
	int count = 0;

	for (int bit = 0; bit < 64; bit++) {
		for (int delta = -2; delta <= 2; delta++) {
			values[count++] = (int64_t)((UINT64_C(1) << bit) + (uint64_t)delta);
			values[count++] = (int64_t)(-(UINT64_C(1) << bit) + (uint64_t)delta);
		}
	}
	return count;
}

static int64_t values[1024];

static int holds(struct condition condition, __u64 value)
{
	return condition_holds(condition, condition_above(condition, value));
}

static struct condition of(__u8 comparison, __u8 flags, __u64 threshold)
{
	return condition_of(comparison, flags, threshold, 0);
}

#define COMPARE_ALL(type, wide, kind_flags)                                                   \
	do {                                                                                  \
		enum value_kind kind = value_kind_of(sizeof(type), kind_flags);               \
		int count = edges(values);                                                    \
		for (int v = 0; v < count; v++) {                                             \
			type variable = (type)values[v];                                      \
			for (int t = 0; t < count; t++) {                                     \
				wide threshold = (wide)values[t];                             \
				__u64 read = value_read(&variable, kind);                     \
				CHECK(holds(of(VMON_GREATER, kind_flags, threshold), read) == \
				      (variable > threshold));                                \
				CHECK(holds(of(VMON_LESS, kind_flags, threshold), read) ==    \
				      (variable < threshold));                                \
				CHECK(holds(of(VMON_EQUAL, kind_flags, threshold), read) ==   \
				      (variable == threshold));                               \
				CHECK(holds(of(VMON_NOT_EQUAL, kind_flags, threshold), read) == \
				      (variable != threshold));                               \
			}                                                                     \
		}                                                                             \
	} while (0)

static void signed_widths_compare_as_c_does(void)
{
	COMPARE_ALL(int8_t, int64_t, 0);
	COMPARE_ALL(int16_t, int64_t, 0);
	COMPARE_ALL(int32_t, int64_t, 0);
	COMPARE_ALL(int64_t, int64_t, 0);
}

static void unsigned_widths_compare_as_c_does(void)
{
	COMPARE_ALL(uint8_t, uint64_t, VMON_WATCH_UNSIGNED);
	COMPARE_ALL(uint16_t, uint64_t, VMON_WATCH_UNSIGNED);
	COMPARE_ALL(uint32_t, uint64_t, VMON_WATCH_UNSIGNED);
	COMPARE_ALL(uint64_t, uint64_t, VMON_WATCH_UNSIGNED);
}

/* Every range of a few values, and a variable beside each of its ends. */
static void outside_a_range_is_below_or_above_it(void)
{
	static const __u64 ends[] = { 0, 1, 2, INT64_MAX - 1, INT64_MAX, (__u64)INT64_MIN,
				      (__u64)INT64_MIN + 1, -(__u64)2, -(__u64)1 };

	for (unsigned int l = 0; l < 9; l++) {
		for (unsigned int h = 0; h < 9; h++) {
			for (int step = -1; step <= 1; step++) {
				__u64 low = ends[l], high = ends[h];

				for (unsigned int near = 0; near < 2; near++) {
					__u64 value = (near ? high : low) + step;

					CHECK(low > high ||
					      holds(condition_of(VMON_OUTSIDE, VMON_WATCH_UNSIGNED, low, high),
						    value) == (value < low || value > high));
					CHECK((__s64)low > (__s64)high ||
					      holds(condition_of(VMON_OUTSIDE, 0, low, high), value) ==
					      ((__s64)value < (__s64)low || (__s64)value > (__s64)high));
				}
			}
		}
	}
}

static void the_threshold_itself_is_no_hit(void)
{
	CHECK(!holds(of(VMON_GREATER, 0, 150), 150));
	CHECK(holds(of(VMON_GREATER, 0, 150), 151));
	CHECK(!holds(of(VMON_LESS, 0, 150), 150));
	CHECK(holds(of(VMON_LESS, 0, 150), 149));
}

static void nothing_is_beyond_the_ends(void)
{
	CHECK(of(VMON_GREATER, 0, INT64_MAX).span == 0);
	CHECK(of(VMON_LESS, 0, (__u64)INT64_MIN).span == 0);
	CHECK(of(VMON_GREATER, VMON_WATCH_UNSIGNED, UINT64_MAX).span == 0);
	CHECK(of(VMON_LESS, VMON_WATCH_UNSIGNED, 0).span == 0);
}

static void a_disarmed_slot_never_hits(void)
{
	struct condition disarmed = { .low = 0, .span = 0 };
	int count = edges(values);

	for (int v = 0; v < count; v++)
		CHECK(!holds(disarmed, (__u64)values[v]));
}

int main(void)
{
	RUN(signed_widths_compare_as_c_does);
	RUN(unsigned_widths_compare_as_c_does);
	RUN(outside_a_range_is_below_or_above_it);
	RUN(the_threshold_itself_is_no_hit);
	RUN(nothing_is_beyond_the_ends);
	RUN(a_disarmed_slot_never_hits);
	return check_summary();
}
