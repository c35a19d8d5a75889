// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that a periodic hrtimer interrupt can cost: timers that do nothing but
 * come again. Benchmarks subtract it from the cost of a tick.
 */
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "compat/hrtimer.h"

static unsigned long interval_ns = 10000;
module_param(interval_ns, ulong, 0444);
MODULE_PARM_DESC(interval_ns, "time between two expiries of each timer (default 10000)");

static unsigned int count = 1;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "timers, all on the CPU that loads the module (default 1)");

static struct hrtimer *timers;

static enum hrtimer_restart expire(struct hrtimer *timer)
{
	hrtimer_forward_now(timer, ns_to_ktime(interval_ns));
	return HRTIMER_RESTART;
}

static int __init empty_timer_init(void)
{
	u64 first;
	unsigned int i;

	if (interval_ns < 1000 || !count)
		return -EINVAL;
	timers = kcalloc(count, sizeof(*timers), GFP_KERNEL);
	if (!timers)
		return -ENOMEM;
	/* On multiples of the interval, and in one interrupt, as the monitor's timers. */
	first = (div64_u64(ktime_get_ns(), interval_ns) + 1) * interval_ns;
	preempt_disable();
	for (i = 0; i < count; i++) {
		compat_hrtimer_setup(&timers[i], expire, CLOCK_MONOTONIC,
				     HRTIMER_MODE_ABS_PINNED_HARD);
		hrtimer_start(&timers[i], ns_to_ktime(first), HRTIMER_MODE_ABS_PINNED_HARD);
	}
	preempt_enable();
	return 0;
}

static void __exit empty_timer_exit(void)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		hrtimer_cancel(&timers[i]);
	kfree(timers);
}

module_init(empty_timer_init);
module_exit(empty_timer_exit);
MODULE_DESCRIPTION("hrtimers that do nothing, for benchmarks");
MODULE_LICENSE("GPL");
