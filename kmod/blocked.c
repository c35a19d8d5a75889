// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a captured task waits for: a lock in the kernel that it sleeps or spins on, or a futex
 * of its own program. It is told of the moment of the capture, or not at all.
 */
#include <linux/kthread.h>
#include <linux/pid_namespace.h>
#include <linux/sched/clock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/unistd.h>

#include "buffer.h"
#include "capture.h"
#include "compat/futex.h"
#include "compat/task.h"
#include "dump.h"
#include "lock_finder.h"
#include "lock_functions.h"

/* Whether a futex(2) of that operation waits. */
static bool futex_operation_waits(u32 operation)
{
	switch (operation & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAIT_REQUEUE_PI:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return true;
	}
	return false;
}

static bool waits_for_futex(const struct capture *capture)
{
	return capture->flags & VMON_TASK_REGISTERS && !(capture->flags & VMON_TASK_32BIT) &&
	       capture->registers.orig_rax == __NR_futex &&
	       futex_operation_waits(capture->registers.rsi) &&
	       lock_functions_are_futex(capture->kernel, capture->kernel_frames);
}

static void tell_futex(struct vmon_blocked *found, const struct capture *capture,
		       struct task_struct *task, struct mm_struct *mm)
{
	const void __user *futex = (const void __user *)capture->registers.rdi;

	if (found->kind == VMON_LOCK_UNKNOWN)
		found->kind = VMON_LOCK_FUTEX;
	found->flags |= VMON_BLOCKED_FUTEX;
	found->futex = capture->registers.rdi;
	found->futex_operation = capture->registers.rsi;
	kthread_use_mm(mm);
	if (copy_from_user_nofault(found->futex_words, futex, sizeof(found->futex_words)))
		memset(found->futex_words, 0, sizeof(found->futex_words));
	else
		found->flags |= VMON_BLOCKED_FUTEX_WORDS;
	rcu_read_lock();
	if (task_active_pid_ns(task) == &init_pid_ns)
		found->flags |= VMON_BLOCKED_FUTEX_PIDS;
	rcu_read_unlock();
	kthread_unuse_mm(mm);
}

/* 0 if that cannot be told. */
static u64 time_since_last_arrival(const struct task_struct *task)
{
	u64 arrival = compat_task_last_arrival(task), now = local_clock();

	return arrival && now > arrival ? now - arrival : 0;
}

static bool find_asleep(struct vmon_blocked *found, const struct capture *capture,
			struct task_struct *task, struct mm_struct *mm)
{
	bool any = lock_find(found, task);

	if (mm && waits_for_futex(capture)) {
		tell_futex(found, capture, task, mm);
		any = true;
	}
	found->waited_ns = time_since_last_arrival(task);
	return any && task_switches(task) == capture->switches && !READ_ONCE(task->on_cpu);
}

/* False if it waits for nothing of these. */
static bool find_blocked(struct vmon_blocked *found, const struct capture *capture,
			 struct task_struct *task, struct mm_struct *mm)
{
	memset(found, 0, sizeof(*found));
	/* Its state and its stacks are not of one moment. */
	if (capture->flags & (VMON_TASK_MOVED | VMON_TASK_STALE))
		return false;
	if (!(capture->flags & VMON_TASK_ON_CPU) && compat_task_state(task))
		return find_asleep(found, capture, task, mm);
	found->kind = VMON_LOCK_SPINLOCK;
	return lock_functions_spin(capture->kernel, capture->kernel_frames);
}

void dump_blocked(struct dump *dump, struct task_struct *task, struct mm_struct *mm)
{
	struct vmon_blocked found;

	if (!find_blocked(&found, dump->capture, task, mm))
		return;
	found.pid = task->pid;
	buffer_append(&found.record, VMON_RECORD_BLOCKED, sizeof(found), dump->id);
}
