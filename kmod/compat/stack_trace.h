/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stack_trace_save_tsk() holds the task's stack while it walks it, which no
 * exported function lets a module do. It is exported in 6.12, and not in 6.1.
 * Before, registering a disabled kprobe by its name tells its address.
 */
#ifndef VMON_COMPAT_STACK_TRACE_H
#define VMON_COMPAT_STACK_TRACE_H

#include <asm/cpufeature.h>
#include <linux/kprobes.h>
#include <linux/stacktrace.h>
#include <linux/version.h>

typedef unsigned int (*stack_trace_save_tsk_fn)(struct task_struct *task, unsigned long *store,
						unsigned int size, unsigned int skip);

/*
 * NULL if it cannot be found. With indirect branch tracking (5.18) a kprobe lies behind the
 * instruction that every call must meet. Sleeps.
 */
static inline stack_trace_save_tsk_fn compat_find_stack_trace_save_tsk(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return stack_trace_save_tsk;
#else
	struct kprobe probe = {
		.symbol_name = "stack_trace_save_tsk",
		.flags = KPROBE_FLAG_DISABLED,
	};
	stack_trace_save_tsk_fn found;

#ifdef CONFIG_X86_KERNEL_IBT
	if (cpu_feature_enabled(X86_FEATURE_IBT))
		return NULL;
#endif
	if (register_kprobe(&probe))
		return NULL;
	found = (stack_trace_save_tsk_fn)probe.addr;
	unregister_kprobe(&probe);
	return found;
#endif
}

#endif
