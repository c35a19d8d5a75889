/* SPDX-License-Identifier: GPL-2.0-only */
/* HK_FLAG_TIMER became HK_TYPE_TIMER in 5.18. */
#ifndef VMON_COMPAT_HOUSEKEEPING_H
#define VMON_COMPAT_HOUSEKEEPING_H

#include <linux/sched/isolation.h>
#include <linux/version.h>

/* The CPUs that the machine's owner did not isolate from timers (nohz_full, isolcpus). */
static inline const struct cpumask *compat_timer_cpus(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
	return housekeeping_cpumask(HK_TYPE_TIMER);
#else
	return housekeeping_cpumask(HK_FLAG_TIMER);
#endif
}

#endif
