/* SPDX-License-Identifier: GPL-2.0-only */
/* task_struct.state became __state in 5.14; PF_FROZEN gave way to TASK_FROZEN in 6.1. */
#ifndef VMON_COMPAT_TASK_H
#define VMON_COMPAT_TASK_H

#include <linux/sched.h>
#include <linux/version.h>

static inline unsigned int compat_task_state(const struct task_struct *task)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 14, 0)
	return READ_ONCE(task->__state);
#else
	return READ_ONCE(task->state);
#endif
}

static inline bool compat_task_frozen(const struct task_struct *task)
{
#ifdef TASK_FROZEN
	return compat_task_state(task) & TASK_FROZEN;
#else
	return task->flags & PF_FROZEN;
#endif
}

/*
 * Whether what lies where a task saves its user registers is that. Workers that share a process's
 * memory (io_uring's since 5.12, vhost's since 6.4) never ran in it.
 */
static inline bool compat_task_has_user_registers(const struct task_struct *task)
{
	unsigned int workers = PF_KTHREAD | PF_IO_WORKER;

#ifdef PF_USER_WORKER
	workers |= PF_USER_WORKER;
#endif
	return !(task->flags & workers);
}

/* When the task came to its last CPU, in local_clock()'s time; 0 if this kernel does not say. */
static inline u64 compat_task_last_arrival(const struct task_struct *task)
{
#ifdef CONFIG_SCHED_INFO
	return READ_ONCE(task->sched_info.last_arrival);
#else
	return 0;
#endif
}

#endif
