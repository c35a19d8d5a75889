/* SPDX-License-Identifier: GPL-2.0-only */
/* The user namespace of a program moved from its mm to task->exec_state in 7.2. */
#ifndef VMON_COMPAT_PTRACE_H
#define VMON_COMPAT_PTRACE_H

#include <linux/capability.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
#include <linux/rwsem.h>
#include <linux/sched/exec_state.h>
#include <linux/sched/signal.h>
#endif

/*
 * Whether the caller has CAP_SYS_PTRACE over the program in mm, which is the task's.
 * Sleeps.
 */
static inline bool compat_ptrace_capable(struct task_struct *task, struct mm_struct *mm)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
	bool capable;

	/* The lock keeps an exec from changing one of the two alone. */
	if (down_read_killable(&task->signal->exec_update_lock))
		return false;
	rcu_read_lock();
	capable = READ_ONCE(task->mm) == mm &&
		  ns_capable(rcu_dereference(task->exec_state)->user_ns, CAP_SYS_PTRACE);
	rcu_read_unlock();
	up_read(&task->signal->exec_update_lock);
	return capable;
#else
	return ns_capable(mm->user_ns, CAP_SYS_PTRACE);
#endif
}

#endif
