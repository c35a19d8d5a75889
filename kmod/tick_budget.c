// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ktime.h>
#include <linux/percpu.h>

#include "parameters.h"
#include "tick_budget.h"

#define WINDOW_NS (10 * NSEC_PER_MSEC)

/* Written by its own CPU with interrupts off. */
struct load {
	u64 window_start;
	u64 window_spent;
	u64 last_throttled;
	struct tick_totals totals;
};

static DEFINE_PER_CPU(struct load, loads);

u64 tick_budget_charge(u64 began_ns, u64 ended_ns)
{
	struct load *load = this_cpu_ptr(&loads);
	u64 spent = ended_ns - began_ns;

	if (ended_ns - load->window_start >= WINDOW_NS) {
		load->window_start = began_ns;
		load->window_spent = 0;
	}
	load->window_spent += spent;
	load->totals.ticks++;
	load->totals.time_ns += spent;
	if (likely(load->window_spent <= WINDOW_NS / 100 * tick_budget_percent))
		return ended_ns;
	load->totals.throttled++;
	load->last_throttled = ended_ns;
	/* A tick longer than the window's budget pays for all of its time. */
	return max(load->window_start + WINDOW_NS,
		   began_ns + div_u64(load->window_spent * 100, tick_budget_percent));
}

bool tick_budget_exceeded(unsigned int cpu)
{
	u64 last = READ_ONCE(per_cpu(loads, cpu).last_throttled);

	return last && ktime_get_ns() - last < NSEC_PER_SEC;
}

struct tick_totals tick_budget_totals(void)
{
	struct tick_totals sum = {};
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct tick_totals *one = &per_cpu(loads, cpu).totals;

		sum.ticks += READ_ONCE(one->ticks);
		sum.time_ns += READ_ONCE(one->time_ns);
		sum.throttled += READ_ONCE(one->throttled);
	}
	return sum;
}
