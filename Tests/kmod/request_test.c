// SPDX-License-Identifier: Apache-2.0
/* Which conditions are taken and which refused, field by field. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "request.h"

static __u64 real(double value)
{
	__u64 bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static bool valid(__u8 length, __u8 comparison, __u8 flags, __u64 threshold, __u64 high, __u64 rearm)
{
	struct vmon_watch_condition request = {
		.watch = { .length = length, .comparison = comparison, .flags = flags, .threshold = threshold },
		.high = high,
		.rearm = rearm,
	};

	return condition_is_valid(&request);
}

#define U VMON_WATCH_UNSIGNED
#define F VMON_WATCH_FLOAT
#define R VMON_WATCH_REARM

static void every_length_has_its_flags(void)
{
	for (int length = 0; length < 256; length++) {
		bool known = length == 1 || length == 2 || length == 4 || length == 8;

		CHECK(valid(length, VMON_GREATER, 0, 0, 0, 0) == known);
		CHECK(valid(length, VMON_GREATER, F, 0, 0, 0) == (length == 4 || length == 8));
		CHECK(!valid(length, VMON_GREATER, F | U, 0, 0, 0));
	}
	for (int flags = 8; flags < 256; flags++)
		CHECK(!valid(8, VMON_GREATER, flags, 0, 0, 0));
	for (int comparison = VMON_BITS_ALL + 1; comparison < 256; comparison++)
		CHECK(!valid(8, comparison, 0, 1, 0, 0));
}

static void what_a_comparison_does_not_use_is_0(void)
{
	for (int comparison = 0; comparison <= VMON_BITS_ALL; comparison++) {
		__u64 threshold = comparison == VMON_CHANGED ? 0 : 1;
		bool rearms = comparison == VMON_GREATER || comparison == VMON_LESS;

		CHECK(valid(8, comparison, 0, threshold, comparison == VMON_OUTSIDE, 0));
		CHECK(valid(8, comparison, 0, threshold, 2, 0) == (comparison == VMON_OUTSIDE));
		CHECK(!valid(8, comparison, 0, threshold, comparison == VMON_OUTSIDE, 1));
		CHECK(valid(8, comparison, R, threshold, comparison == VMON_OUTSIDE, 1) == rearms);
	}
	CHECK(!valid(8, VMON_CHANGED, 0, 1, 0, 0));
	CHECK(!valid(8, VMON_UNCHANGED, 0, 0, 0, 0));
	CHECK(valid(8, VMON_UNCHANGED, 0, UINT64_MAX, 0, 0));
}

static void a_range_has_its_ends_in_order(void)
{
	CHECK(valid(8, VMON_OUTSIDE, 0, (__u64)-1, 0, 0));
	CHECK(!valid(8, VMON_OUTSIDE, 0, 0, (__u64)-1, 0));
	CHECK(valid(8, VMON_OUTSIDE, U, 0, (__u64)-1, 0));
	CHECK(!valid(8, VMON_OUTSIDE, U, (__u64)-1, 0, 0));
	CHECK(valid(8, VMON_OUTSIDE, F, real(-1.0), real(-0.5), 0));
	CHECK(!valid(8, VMON_OUTSIDE, F, real(-0.5), real(-1.0), 0));
	CHECK(valid(8, VMON_OUTSIDE, F, real(0.0), real(-0.0), 0));
	CHECK(valid(8, VMON_OUTSIDE, F, real(-INFINITY), real(INFINITY), 0));
	CHECK(!valid(8, VMON_OUTSIDE, F, real(0.0), real(NAN), 0));
}

static void the_value_comes_back_on_the_other_side(void)
{
	CHECK(valid(8, VMON_GREATER, R, 150, 0, 150));
	CHECK(valid(8, VMON_GREATER, R, 150, 0, (__u64)-1));
	CHECK(!valid(8, VMON_GREATER, R, 150, 0, 151));
	CHECK(!valid(8, VMON_GREATER, R | U, 150, 0, (__u64)-1));
	CHECK(valid(8, VMON_LESS, R, 150, 0, 150));
	CHECK(valid(8, VMON_LESS, R, 150, 0, 151));
	CHECK(!valid(8, VMON_LESS, R, 150, 0, 149));
	CHECK(valid(8, VMON_GREATER, R | F, real(1.0), 0, real(-2.0)));
	CHECK(!valid(8, VMON_GREATER, R | F, real(-2.0), 0, real(-1.0)));
	CHECK(!valid(8, VMON_GREATER, R | F, real(1.0), 0, real(NAN)));
}

static void reals_are_numbers_of_their_width(void)
{
	for (int comparison = VMON_GREATER; comparison <= VMON_NOT_EQUAL; comparison++) {
		CHECK(!valid(8, comparison, F, real(NAN), 0, 0));
		CHECK(!valid(4, comparison, F, 0x7fc00000, 0, 0));
		CHECK(valid(4, comparison, F, 0x7f800000, 0, 0));
		CHECK(valid(8, comparison, F, real(-INFINITY), 0, 0));
		CHECK(!valid(4, comparison, F, 1ULL << 32, 0, 0));
		CHECK(!valid(4, comparison, F, 0xffffffff80000000, 0, 0));
	}
	CHECK(valid(8, VMON_CHANGED_BY, F, real(0.0), 0, 0));
	CHECK(valid(8, VMON_CHANGED_BY, F, real(-0.0), 0, 0));
	CHECK(!valid(8, VMON_CHANGED_BY, F, real(-5e-324), 0, 0));
	CHECK(!valid(8, VMON_CHANGED_BY, F, real(INFINITY), 0, 0));
	CHECK(!valid(8, VMON_CHANGED_BY, F, real(NAN), 0, 0));
	CHECK(!valid(4, VMON_CHANGED_BY, F, 1ULL << 32, 0, 0));
	CHECK(valid(4, VMON_UNCHANGED, F, 1ULL << 32, 0, 0));	/* ns, not a real */
}

static void a_mask_has_bits_and_only_the_variable_s(void)
{
	for (int comparison = VMON_BITS_ANY; comparison <= VMON_BITS_ALL; comparison++) {
		CHECK(!valid(8, comparison, 0, 0, 0, 0));
		CHECK(valid(8, comparison, 0, UINT64_MAX, 0, 0));
		for (int length = 1; length < 8; length *= 2) {
			CHECK(valid(length, comparison, U, (1ULL << (8 * length)) - 1, 0, 0));
			CHECK(!valid(length, comparison, U, 1ULL << (8 * length), 0, 0));
		}
		CHECK(!valid(8, comparison, F, 1, 0, 0));
	}
}

static void only_what_a_plain_slot_cannot_do_needs_a_tracker(void)
{
	struct vmon_watch_condition request = { .watch = { .length = 8 } };

	for (int comparison = 0; comparison <= VMON_BITS_ALL; comparison++) {
		request.watch.comparison = comparison;
		CHECK(tracker_needed(&request) == (comparison > VMON_OUTSIDE));
	}
	request.watch.comparison = VMON_GREATER;
	request.ticks = 1;
	CHECK(!tracker_needed(&request));
	request.ticks = 2;
	CHECK(tracker_needed(&request));
	request.ticks = 0;
	request.history = 1;
	CHECK(tracker_needed(&request));
	request.history = 0;
	request.watch.flags = F;
	CHECK(tracker_needed(&request));
	request.watch.flags = R;
	CHECK(tracker_needed(&request));
}

int main(void)
{
	RUN(every_length_has_its_flags);
	RUN(what_a_comparison_does_not_use_is_0);
	RUN(a_range_has_its_ends_in_order);
	RUN(the_value_comes_back_on_the_other_side);
	RUN(reals_are_numbers_of_their_width);
	RUN(a_mask_has_bits_and_only_the_variable_s);
	RUN(only_what_a_plain_slot_cannot_do_needs_a_tracker);
	return check_summary();
}
