// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/printk.h>

#include "budget.h"
#include "compat/hrtimer.h"
#include "parameters.h"
#include "tick_budget.h"
#include "trigger.h"

/* What an interrupt costs around its tick: entry, the queue of timers, exit. */
static u64 interrupt_ns;

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
	u64 spent = ended_ns - began_ns + interrupt_ns;
	u64 not_before = budget_charge(&load->budget, spent, ended_ns, tick_budget_percent);

	load->totals.ticks++;
	load->totals.time_ns += spent;
	if (unlikely(not_before > ended_ns))
		throttled(load, ended_ns);
	return not_before;
}

/* ---- what an interrupt costs ---- */

#define PROBE_INTERVAL_NS (20 * NSEC_PER_USEC)
#define PROBES 50
#define PROBES_MAX_NS (20 * NSEC_PER_MSEC)
/* More than that is not the interrupt's own: a hypervisor took the CPU. */
#define INTERRUPT_MAX_NS (10 * NSEC_PER_USEC)

static struct hrtimer probe;
static u64 last_probe_ns;

static enum hrtimer_restart note_probe(struct hrtimer *timer)
{
	WRITE_ONCE(last_probe_ns, ktime_get_ns());
	hrtimer_forward_now(timer, PROBE_INTERVAL_NS);
	return HRTIMER_RESTART;
}

/*
 * Two looks at the clock, one right after the other, are as far apart as the interrupt
 * between them takes. Of many the shortest, for others interrupt, too.
 */
void tick_budget_init(void)
{
	u64 with = INTERRUPT_MAX_NS, without = INTERRUPT_MAX_NS, before, after, end;
	unsigned int seen = 0;

	compat_hrtimer_setup(&probe, note_probe, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	preempt_disable();
	hrtimer_start(&probe, PROBE_INTERVAL_NS, HRTIMER_MODE_REL_PINNED_HARD);
	before = ktime_get_ns();
	for (end = before + PROBES_MAX_NS; seen < PROBES && before < end; before = after) {
		u64 probe_ns;

		after = ktime_get_ns();
		probe_ns = READ_ONCE(last_probe_ns);
		if (before < probe_ns && probe_ns < after) {
			with = min(with, after - before);
			seen++;
		} else {
			without = min(without, after - before);
		}
	}
	preempt_enable();
	hrtimer_cancel(&probe);
	interrupt_ns = with - min(with, without);
	/*
	 * From user mode, with its page tables, and among many timers it takes longer than can be seen
	 * here; Benchmarks/module asks a loop in user mode what ticks take from it.
	 */
	interrupt_ns += interrupt_ns / 4;
}

u64 tick_budget_interrupt_ns(void)
{
	return interrupt_ns;
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
