// SPDX-License-Identifier: Apache-2.0
/* Reals compared as whole numbers, against the processor's own comparisons. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "real.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static const double doubles[] = {
	0.0, -0.0, 4.9406564584124654e-324, -4.9406564584124654e-324, DBL_MIN, -DBL_MIN,
	0x0.fffffffffffffp-1022, 0x0.ffffffffffffep-1022, 0x1.0000000000001p-1022,
	1.0, -1.0, 0x1.0000000000001p0, 0x1.fffffffffffffp-1, 0.1, 0.2, 0.3, -0.1, 1.5, 2.0, 3.0, 150.0,
	0x1p52, 0x1p53, 0x1.0000000000001p53, 0x1p-70, 0x1p-71, 0x1p70, 0x1p71, 0x1p-52, 0x1p-53, 0x1p-54,
	0x1p17, 0x1p18, 0x1p19, -0x1p53, 1e300, -1e300, 1e-300, DBL_MAX, -DBL_MAX, 0x1.ffffffffffffep1023,
	0x1p1023, 0x1p970, 0x1p969, INFINITY, -INFINITY,
};

static const float floats[] = {
	0.0f, -0.0f, 1.40129846e-45f, -1.40129846e-45f, FLT_MIN, -FLT_MIN, 0x0.fffffep-126f,
	1.0f, -1.0f, 0x1.000002p0f, 0x1.fffffep-1f, 0.1f, 0.2f, 0.3f, -0.1f, 1.5f, 2.0f, 3.0f, 150.0f,
	0x1p23f, 0x1p24f, 0x1p-24f, 0x1p-25f, 0x1p70f, 0x1p71f, 0x1p-70f, -0x1p24f, 0x1p46f, 0x1p47f,
	1e38f, -1e38f, FLT_MAX, -FLT_MAX, 0x1p127f, 0x1p103f, 0x1p102f, INFINITY, -INFINITY,
};

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static uint32_t float_bits_of(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static int64_t order_of(double value)
{
	return (int64_t)real_order(8, bits_of(value));
}

static int64_t float_order_of(float value)
{
	return (int64_t)real_order(4, float_bits_of(value));
}

static void the_order_is_that_of_the_processor(void)
{
	for (int a = 0; a < COUNT(doubles); a++) {
		for (int b = 0; b < COUNT(doubles); b++) {
			int64_t one = order_of(doubles[a]), other = order_of(doubles[b]);

			CHECK((one < other) == (doubles[a] < doubles[b]));
			CHECK((one == other) == (doubles[a] == doubles[b]));
		}
	}
	for (int a = 0; a < COUNT(floats); a++) {
		for (int b = 0; b < COUNT(floats); b++) {
			int64_t one = float_order_of(floats[a]), other = float_order_of(floats[b]);

			CHECK((one < other) == (floats[a] < floats[b]));
			CHECK((one == other) == (floats[a] == floats[b]));
		}
	}
}

static void neighbours_differ_by_one(void)
{
	for (int a = 0; a < COUNT(doubles); a++)
		if (isfinite(doubles[a]))
			CHECK(order_of(nextafter(doubles[a], INFINITY)) == order_of(doubles[a]) + 1);
	for (int a = 0; a < COUNT(floats); a++)
		if (isfinite(floats[a]))
			CHECK(float_order_of(nextafterf(floats[a], INFINITY)) == float_order_of(floats[a]) + 1);
}

static void nan_and_infinity_are_known(void)
{
	static const uint64_t quiet[] = { 0x7ff8000000000000, 0xfff8000000000000, 0x7ff0000000000001,
					  0xfff0000000000001, UINT64_MAX, INT64_MAX };
	static const uint32_t float_quiet[] = { 0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001,
						UINT32_MAX, INT32_MAX };

	for (int i = 0; i < COUNT(quiet); i++) {
		CHECK(real_is_nan(8, quiet[i]) && !real_is_finite(8, quiet[i]));
		CHECK(real_is_nan(4, float_quiet[i]) && !real_is_finite(4, float_quiet[i]));
	}
	for (int i = 0; i < COUNT(doubles); i++) {
		CHECK(!real_is_nan(8, bits_of(doubles[i])));
		CHECK(!!real_is_finite(8, bits_of(doubles[i])) == !!isfinite(doubles[i]));
	}
	for (int i = 0; i < COUNT(floats); i++) {
		CHECK(!real_is_nan(4, float_bits_of(floats[i])));
		CHECK(!!real_is_finite(4, float_bits_of(floats[i])) == !!isfinite(floats[i]));
	}
}

/*
 * Exact: the rounded difference is on the limit's side of it, or is the limit, and then what was
 * rounded off decides. That is a double itself, for |greater| is the larger or one of both is exact.
 */
static int differ(double one, double other, double limit)
{
	double greater = fmax(one, other), lesser = fmin(one, other), difference = greater - lesser;
	double a = greater, b = -lesser;

	if (one == other)
		return 0;
	if (difference != limit)
		return difference > limit;
	if (fabs(a) < fabs(b)) {
		a = -lesser;
		b = greater;
	}
	return b - (difference - a) > 0;
}

static uint64_t random_state = 88172645463325252;

static uint64_t random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void check_doubles(double a, double b, double limit)
{
	int expected = isinf(a) || isinf(b) ? a != b : differ(a, b, limit);

	CHECK(real_differ_by_more(8, order_of(a), order_of(b), order_of(limit)) == expected);
}

static void check_floats(float a, float b, float limit)
{
	/* Doubles hold floats, so the same sum is exact for them, too. */
	int expected = isinf(a) || isinf(b) ? a != b : differ(a, b, limit);

	CHECK(real_differ_by_more(4, float_order_of(a), float_order_of(b), float_order_of(limit)) == expected);
}

static void differences_are_compared_exactly(void)
{
	for (int a = 0; a < COUNT(doubles); a++)
		for (int b = 0; b < COUNT(doubles); b++)
			for (int n = 0; n < COUNT(doubles); n++)
				if (isfinite(doubles[n]) && doubles[n] >= 0)
					check_doubles(doubles[a], doubles[b], doubles[n]);
	for (int a = 0; a < COUNT(floats); a++)
		for (int b = 0; b < COUNT(floats); b++)
			for (int n = 0; n < COUNT(floats); n++)
				if (isfinite(floats[n]) && floats[n] >= 0)
					check_floats(floats[a], floats[b], floats[n]);
}

/* At the limit itself, where one unit in the last place decides. */
static void a_difference_of_the_limit_itself_is_not_more(void)
{
	for (int round = 0; round < 200000; round++) {
		uint64_t exponent = 1 + random_bits() % 2000;
		double a, b, limit;
		uint64_t bits = exponent << 52 | random_bits() >> 12;

		memcpy(&a, &bits, 8);
		bits = (exponent + random_bits() % 5) << 52 | random_bits() >> 12 | random_bits() << 63;
		memcpy(&b, &bits, 8);
		limit = fabs(a - b);
		for (int step = 0; step < 3 && isfinite(limit); step++) {
			check_doubles(a, b, limit);
			check_doubles(a, b, nextafter(limit, 0));
			limit = nextafter(limit, INFINITY);
		}
	}
}

int main(void)
{
	RUN(the_order_is_that_of_the_processor);
	RUN(neighbours_differ_by_one);
	RUN(nan_and_infinity_are_known);
	RUN(differences_are_compared_exactly);
	RUN(a_difference_of_the_limit_itself_is_not_more);
	return check_summary();
}
