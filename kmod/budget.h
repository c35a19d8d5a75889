/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A budget of time, in percent. Pure arithmetic: compiled into the module and, by
 * Tests/kmod, into a user-space program.
 *
 * What is spent is paid for with time at the rate of the budget: 1 µs at 25 % with 4 µs.
 * Who spends faster than that has to wait. (A leaky bucket, as the generic cell
 * rate algorithm of ITU-T I.371.)
 */
#ifndef VMON_BUDGET_H
#define VMON_BUDGET_H

#include <linux/types.h>

/* Spending may run so far ahead of what is paid for: a burst need not wait. */
#define BUDGET_CREDIT_NS 1000000ULL

/* Most that is charged at once. */
#define BUDGET_CHARGE_MAX_NS 1000000ULL

struct budget {
	__u64 paid_until;
};

/* Charges what was spent until now; returns before when nothing more may be spent. */
static inline __u64 budget_charge(struct budget *budget, __u64 spent_ns, __u64 now_ns,
				  unsigned int percent)
{
	if (spent_ns > BUDGET_CHARGE_MAX_NS)
		spent_ns = BUDGET_CHARGE_MAX_NS;
	if (budget->paid_until < now_ns - spent_ns)
		budget->paid_until = now_ns - spent_ns;
	budget->paid_until += ((__u32)spent_ns * 100 + percent - 1) / percent;
	if (budget->paid_until <= now_ns + BUDGET_CREDIT_NS)
		return now_ns;
	return budget->paid_until - BUDGET_CREDIT_NS;
}

#endif
