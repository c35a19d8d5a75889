// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/printk.h>

#include "budget.h"
#include "parameters.h"
#include "tick_budget.h"
#include "trigger.h"

/* Written by its own CPU with interrupts off. */
struct load {
	struct budget budget;
	u64 last_throttled;
	struct tick_totals totals;
};

static DEFINE_PER_CPU(struct load, loads);

static void tell_throttled(struct work_struct *work)
{
	pr_warn("ticks need more than tick_budget_percent=%u of a CPU: intervals are stretched, see throttled_ticks in /proc/variable_monitor/status\n",
		tick_budget_percent);
}

static DECLARE_WORK(tell_work, tell_throttled);
static bool told;

static void throttled(struct load *load, u64 now_ns)
{
	load->totals.throttled++;
	WRITE_ONCE(load->last_throttled, now_ns);
	if (READ_ONCE(told))
		return;
	WRITE_ONCE(told, true);
	queue_work(vmon_workqueue, &tell_work);
}

u64 tick_budget_charge(u64 began_ns, u64 ended_ns)
{
	struct load *load = this_cpu_ptr(&loads);
	u64 not_before = budget_charge(&load->budget, began_ns, ended_ns, tick_budget_percent);

	load->totals.ticks++;
	load->totals.time_ns += ended_ns - began_ns;
	if (unlikely(not_before > ended_ns))
		throttled(load, ended_ns);
	return not_before;
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
