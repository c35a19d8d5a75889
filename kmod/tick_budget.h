/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The share of a CPU's time that ticks may take. Where they would take more, their
 * intervals are stretched to what the budget (budget.h) allows.
 */
#ifndef VMON_TICK_BUDGET_H
#define VMON_TICK_BUDGET_H

#include <linux/types.h>

struct tick_totals {
	u64 ticks;
	u64 time_ns;			/* their interrupts included */
	u64 throttled;
};

/* Measures for some milliseconds, on this CPU, what an interrupt costs. Process context. */
void tick_budget_init(void);
u64 tick_budget_interrupt_ns(void);

/*
 * Charges one tick, and its interrupt, to this CPU. Returns the time (CLOCK_MONOTONIC ns) before
 * which the next tick of the same timer must not come. The first time that it
 * throttles is told in the kernel log. Hard interrupt context.
 */
u64 tick_budget_charge(u64 began_ns, u64 ended_ns);

/* Whether that CPU was throttled in the last second. Any context. */
bool tick_budget_exceeded(unsigned int cpu);

struct tick_totals tick_budget_totals(void);

#endif
