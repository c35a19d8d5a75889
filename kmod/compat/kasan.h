/* SPDX-License-Identifier: GPL-2.0-only */
/* Before 5.14 the functions that silence KASAN for the current task are not exported. */
#ifndef VMON_COMPAT_KASAN_H
#define VMON_COMPAT_KASAN_H

#include <linux/kasan.h>
#include <linux/sched.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 14, 0) && defined(CONFIG_KASAN)
static inline void compat_kasan_disable_current(void)
{
	current->kasan_depth--;
}

static inline void compat_kasan_enable_current(void)
{
	current->kasan_depth++;
}
#else
#define compat_kasan_disable_current kasan_disable_current
#define compat_kasan_enable_current kasan_enable_current
#endif

#endif
