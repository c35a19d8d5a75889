// SPDX-License-Identifier: Apache-2.0
/* Conditions over a run of ticks: what each tick reads, and at which of them it would hit. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "tracker.h"

#define TICK 10

static struct tracker tracker;
static __u64 now_ns;

static void start(struct vmon_watch watch, struct vmon_watch_condition more)
{
	more.watch = watch;
	tracker = tracker_of(&more);
	now_ns = 1000;
}

#define WATCH(...) (struct vmon_watch) { __VA_ARGS__ }
#define MORE(...) (struct vmon_watch_condition) { __VA_ARGS__ }
#define PLAIN MORE(.ticks = 0)

static bool tick(__u64 value)
{
	now_ns += TICK;
	return tracker_tick(&tracker, value, now_ns);
}

static void miss(void)
{
	now_ns += TICK;
	tracker_miss(&tracker, now_ns);
}

static __u64 real(double value)
{
	__u64 bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static void a_change_is_one_from_tick_to_tick(void)
{
	start(WATCH(.length = 8, .comparison = VMON_CHANGED), PLAIN);
	CHECK(!tick(5));
	CHECK(!tracker.compared);
	CHECK(!tick(5));
	CHECK(tick(6));
	CHECK(tracker.compared && tracker.previous == 5 && tracker.previous_ns == now_ns - TICK);
	CHECK(!tick(6));
	CHECK(tick(5));
}

static void a_tick_that_could_not_read_makes_no_change(void)
{
	start(WATCH(.length = 8, .comparison = VMON_CHANGED), PLAIN);
	CHECK(!tick(5));
	miss();
	miss();
	CHECK(!tick(5));
	miss();
	CHECK(tick(6));
	CHECK(tracker.previous == 5 && tracker.previous_ns == now_ns - 2 * TICK);
}

/* One step up and one down at each edge of the type, of the limit and one more. */
#define CHANGES_BY(type, kind_flags, from, to, distance)                                      \
	do {                                                                                  \
		__u64 low = (__u64)(type)(from), high = (__u64)(type)(to);                    \
		for (int up = 0; up < 2; up++) {                                              \
			start(WATCH(.length = sizeof(type), .flags = (kind_flags),            \
				    .comparison = VMON_CHANGED_BY, .threshold = (distance)), PLAIN); \
			tick(up ? low : high);                                                \
			CHECK(!tick(up ? high : low));                                        \
			start(WATCH(.length = sizeof(type), .flags = (kind_flags),            \
				    .comparison = VMON_CHANGED_BY,                            \
				    .threshold = (distance) - 1), PLAIN);                     \
			tick(up ? low : high);                                                \
			CHECK(tick(up ? high : low));                                         \
		}                                                                             \
	} while (0)

static void a_change_by_more_is_counted_across_the_whole_type(void)
{
	CHANGES_BY(int8_t, 0, INT8_MIN, INT8_MAX, 255);
	CHANGES_BY(int16_t, 0, INT16_MIN, INT16_MAX, 65535);
	CHANGES_BY(int32_t, 0, INT32_MIN, INT32_MAX, UINT32_MAX);
	CHANGES_BY(int64_t, 0, INT64_MIN, INT64_MAX, UINT64_MAX);
	CHANGES_BY(int64_t, 0, -1, 0, 1);
	CHANGES_BY(uint8_t, VMON_WATCH_UNSIGNED, 0, UINT8_MAX, 255);
	CHANGES_BY(uint64_t, VMON_WATCH_UNSIGNED, 0, UINT64_MAX, UINT64_MAX);
	CHANGES_BY(uint64_t, VMON_WATCH_UNSIGNED, INT64_MAX, INT64_MAX + UINT64_C(1), 1);
}

static void a_change_by_more_of_reals_is_exact(void)
{
	start(WATCH(.length = 8, .flags = VMON_WATCH_FLOAT, .comparison = VMON_CHANGED_BY,
		    .threshold = real(0.5)), PLAIN);
	CHECK(!tick(real(1.0)));
	CHECK(!tick(real(1.5)));
	CHECK(!tick(real(1.0)));
	CHECK(tick(real(0x1.8000000000001p0)));
	CHECK(!tick(real(0x1.8000000000001p0)));
	CHECK(tick(real(INFINITY)));
	CHECK(!tick(real(INFINITY)));
	CHECK(tick(real(-INFINITY)));
	start(WATCH(.length = 8, .flags = VMON_WATCH_FLOAT, .comparison = VMON_CHANGED_BY,
		    .threshold = real(-0.0)), PLAIN);
	CHECK(!tick(real(0.0)));
	CHECK(!tick(real(-0.0)));
	CHECK(tick(real(4.9406564584124654e-324)));
}

static void nothing_changed_for_a_time(void)
{
	start(WATCH(.length = 8, .comparison = VMON_UNCHANGED, .threshold = 3 * TICK), PLAIN);
	CHECK(!tick(5));
	CHECK(!tick(5));
	CHECK(!tick(5));
	CHECK(tick(5));
	CHECK(tracker.unchanged_ns == 3 * TICK);
	CHECK(tick(5));
	CHECK(!tick(6));
	CHECK(tracker.unchanged_ns == 0);
	start(WATCH(.length = 8, .comparison = VMON_UNCHANGED, .threshold = 1), PLAIN);
	CHECK(!tick(0));
	CHECK(tick(0));
}

static void time_without_a_reading_is_not_unchanged(void)
{
	start(WATCH(.length = 8, .comparison = VMON_UNCHANGED, .threshold = 3 * TICK), PLAIN);
	tick(5);
	tick(5);
	for (int i = 0; i < 10; i++)
		miss();
	CHECK(!tick(5));
	CHECK(tracker.unchanged_ns == 2 * TICK);
	CHECK(tick(5));
}

static void bits_are_seen_under_the_mask(void)
{
	start(WATCH(.length = 8, .comparison = VMON_BITS_ANY, .threshold = 1ULL << 63 | 1), PLAIN);
	CHECK(!tick(INT64_MAX - 1));
	CHECK(tick(1));
	CHECK(tick(1ULL << 63));
	start(WATCH(.length = 8, .comparison = VMON_BITS_ALL, .threshold = 1ULL << 63 | 1), PLAIN);
	CHECK(!tick(1));
	CHECK(!tick(1ULL << 63));
	CHECK(tick(UINT64_MAX));
}

static void reals_are_compared_as_c_does(void)
{
	static const double values[] = { -INFINITY, -1e300, -1.0, -0.0, 0.0, 5e-324, 1.0, 0x1.0000000000001p0,
					 1e300, INFINITY };
	const int count = sizeof(values) / sizeof(values[0]);

	for (int t = 0; t < count; t++) {
		for (int v = 0; v < count; v++) {
			const double threshold = values[t], value = values[v];
			const bool expected[] = {
				[VMON_GREATER] = value > threshold, [VMON_LESS] = value < threshold,
				[VMON_EQUAL] = value == threshold, [VMON_NOT_EQUAL] = value != threshold,
				[VMON_OUTSIDE] = value < threshold || value > 1e301,
			};

			for (int c = VMON_GREATER; c <= VMON_OUTSIDE; c++) {
				start(WATCH(.length = 8, .flags = VMON_WATCH_FLOAT, .comparison = c,
					    .threshold = real(threshold)),
				      MORE(.high = c == VMON_OUTSIDE ? real(1e301) : 0));
				if (c != VMON_OUTSIDE || threshold <= 1e301)
					CHECK(tick(real(value)) == expected[c]);
			}
		}
	}
}

static void a_nan_hits_nothing_and_is_no_value_before(void)
{
	for (int c = VMON_GREATER; c <= VMON_UNCHANGED; c++) {
		start(WATCH(.length = 8, .flags = VMON_WATCH_FLOAT, .comparison = c,
			    .threshold = c == VMON_UNCHANGED ? 1 : real(1.0)),
		      MORE(.high = c == VMON_OUTSIDE ? real(2.0) : 0));
		CHECK(!tick(real(NAN)));
		CHECK(!tick(real(-NAN)));
		tick(real(7.0));
		CHECK(!tracker.compared);
		CHECK(!tick(real(NAN)));
		CHECK(tick(real(7.0)) == (c == VMON_GREATER || c == VMON_NOT_EQUAL || c == VMON_OUTSIDE));
	}
}

static void so_many_ticks_in_a_row_make_a_hit(void)
{
	start(WATCH(.length = 8, .comparison = VMON_GREATER, .threshold = 150), MORE(.ticks = 3));
	CHECK(!tick(151));
	CHECK(!tick(151));
	CHECK(!tick(150));
	CHECK(!tick(151));
	CHECK(!tick(152));
	CHECK(tick(153));
	CHECK(tracker.ticks_held == 3);
	CHECK(tick(153));
	CHECK(tracker.ticks_held == 4);
	miss();
	CHECK(!tick(153));
	CHECK(!tick(153));
	CHECK(tick(153));
}

static void a_row_is_counted_no_further_than_it_can_be(void)
{
	start(WATCH(.length = 8, .comparison = VMON_GREATER), PLAIN);
	tracker.ticks_held = UINT32_MAX - 1;
	CHECK(tick(1));
	CHECK(tick(1));
	CHECK(tracker.ticks_held == UINT32_MAX);
}

static void after_a_hit_the_value_must_come_back(void)
{
	start(WATCH(.length = 8, .comparison = VMON_GREATER, .flags = VMON_WATCH_REARM, .threshold = 150),
	      MORE(.rearm = 100));
	CHECK(!tick(150));
	CHECK(tick(151));
	CHECK(tick(151));	/* it was not reported: the watch is muted */
	tracker_hit(&tracker);
	CHECK(!tick(200));
	CHECK(!tick(101));
	CHECK(!tick(200));
	CHECK(!tick(100));
	CHECK(tick(151));

	start(WATCH(.length = 8, .comparison = VMON_LESS, .flags = VMON_WATCH_REARM,
		    .threshold = (__u64)-5), MORE(.rearm = (__u64)-1));
	CHECK(tick((__u64)-6));
	tracker_hit(&tracker);
	CHECK(!tick((__u64)-2));
	CHECK(!tick((__u64)-6));
	CHECK(!tick((__u64)-1));
	CHECK(tick((__u64)-6));
}

static void a_nan_does_not_come_back(void)
{
	start(WATCH(.length = 8, .comparison = VMON_GREATER, .flags = VMON_WATCH_REARM | VMON_WATCH_FLOAT,
		    .threshold = real(1.0)), MORE(.rearm = real(0.0)));
	CHECK(tick(real(2.0)));
	tracker_hit(&tracker);
	CHECK(!tick(real(NAN)));
	CHECK(!tick(real(2.0)));
	CHECK(!tick(real(-0.0)));
	CHECK(tick(real(2.0)));
}

int main(void)
{
	RUN(a_change_is_one_from_tick_to_tick);
	RUN(a_tick_that_could_not_read_makes_no_change);
	RUN(a_change_by_more_is_counted_across_the_whole_type);
	RUN(a_change_by_more_of_reals_is_exact);
	RUN(nothing_changed_for_a_time);
	RUN(time_without_a_reading_is_not_unchanged);
	RUN(bits_are_seen_under_the_mask);
	RUN(reals_are_compared_as_c_does);
	RUN(a_nan_hits_nothing_and_is_no_value_before);
	RUN(so_many_ticks_in_a_row_make_a_hit);
	RUN(a_row_is_counted_no_further_than_it_can_be);
	RUN(after_a_hit_the_value_must_come_back);
	RUN(a_nan_does_not_come_back);
	return check_summary();
}
