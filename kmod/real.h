/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * float and double compared exactly, without floating point. Pure arithmetic: compiled
 * into the module and, by Tests/kmod, into a user-space program.
 *
 * The bits of an IEEE 754 number below its sign, taken as a whole number, grow with its
 * magnitude, from 0 over the subnormal numbers to infinity. Negated where the sign is set, they
 * are in the numbers' order, and both zeros are 0.
 */
#ifndef VMON_REAL_H
#define VMON_REAL_H

#include <linux/types.h>

/* Where the parts of a number of that many bytes (4 or 8) lie. */
struct real_format {
	unsigned int bits;
	unsigned int mantissa;		/* bits of it that are stored */
};

static inline struct real_format real_format(__u8 length)
{
	return length == 4 ? (struct real_format) { 32, 23 } : (struct real_format) { 64, 52 };
}

/* The bits below the sign. */
static inline __u64 real_magnitude(struct real_format format, __u64 bits)
{
	return bits & ((1ULL << (format.bits - 1)) - 1);
}

/* All bits of the exponent. */
static inline __u64 real_infinity(struct real_format format)
{
	return ((1ULL << (format.bits - 1)) - 1) & ~((1ULL << format.mantissa) - 1);
}

static inline int real_is_nan(__u8 length, __u64 bits)
{
	struct real_format format = real_format(length);

	return real_magnitude(format, bits) > real_infinity(format);
}

static inline int real_is_finite(__u8 length, __u64 bits)
{
	struct real_format format = real_format(length);

	return real_magnitude(format, bits) < real_infinity(format);
}

/* A signed number in the order of the reals; of a NaN, beyond the infinities. */
static inline __u64 real_order(__u8 length, __u64 bits)
{
	struct real_format format = real_format(length);
	__u64 magnitude = real_magnitude(format, bits);

	return bits >> (format.bits - 1) & 1 ? -magnitude : magnitude;
}

/* A finite number is mantissa * 2^exponent, times a constant of its format. */
struct real_parts {
	__s64 mantissa;
	int exponent;			/* from 0 */
};

static inline struct real_parts real_parts(struct real_format format, __s64 order)
{
	__u64 magnitude = order < 0 ? -(__u64)order : (__u64)order;
	__u64 hidden = 1ULL << format.mantissa;
	__u64 mantissa = magnitude & (hidden - 1);
	int exponent = (int)(magnitude >> format.mantissa);

	/* Subnormal numbers have the exponent of the least normal ones, and no hidden bit. */
	if (exponent) {
		mantissa |= hidden;
		exponent--;
	}
	return (struct real_parts) { order < 0 ? -(__s64)mantissa : (__s64)mantissa, exponent };
}

/* A sum's scale leaves so many bits below the mantissa of the largest exponent. */
#define REAL_GUARD_BITS 70

/*
 * The number in units of 2^(largest - REAL_GUARD_BITS). One that reaches below them counts as the
 * least unit: only its sign can matter. It is smaller than 2^53 units, while the sum of the
 * others is 0 or far more: two numbers cancel only if their exponents differ by 1 at most, and
 * their sum then is a multiple of 2^69.
 */
static inline __int128 real_scaled(struct real_parts part, int largest)
{
	int below = largest - part.exponent;

	if (below <= REAL_GUARD_BITS)
		return (__int128)part.mantissa * ((__int128)1 << (REAL_GUARD_BITS - below));
	return part.mantissa < 0 ? -1 : part.mantissa > 0;
}

/*
 * Whether two numbers, given by their orders, lie farther apart than a finite one that is not
 * negative. Exact: nothing is rounded. An infinity lies farther from all else than any number.
 */
static inline int real_differ_by_more(__u8 length, __s64 one, __s64 other, __s64 limit)
{
	struct real_format format = real_format(length);
	__s64 infinity = (__s64)real_infinity(format);
	struct real_parts greater, lesser, least;
	int largest;

	if (one == other)
		return 0;
	if (one == infinity || one == -infinity || other == infinity || other == -infinity)
		return 1;
	greater = real_parts(format, one > other ? one : other);
	lesser = real_parts(format, one > other ? other : one);
	least = real_parts(format, limit);
	largest = greater.exponent > lesser.exponent ? greater.exponent : lesser.exponent;
	if (least.exponent > largest)
		largest = least.exponent;
	lesser.mantissa = -lesser.mantissa;
	least.mantissa = -least.mantissa;
	return real_scaled(greater, largest) + real_scaled(lesser, largest) +
	       real_scaled(least, largest) > 0;
}

#endif
