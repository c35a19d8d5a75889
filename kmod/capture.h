/* SPDX-License-Identifier: GPL-2.0-only */
/* One task's registers and stacks at one moment. */
#ifndef VMON_CAPTURE_H
#define VMON_CAPTURE_H

#include <linux/sched.h>
#include <linux/types.h>
#include <variable_monitor.h>

struct mm_struct;

struct capture {
	u32 flags;			/* enum vmon_task_flags */
	unsigned long switches;		/* task_switches(), when it was captured */
	struct vmon_registers registers;
	u64 stack_start;
	u32 stack_bytes;
	u32 stack_missing;
	u32 kernel_frames;
	unsigned long kernel[VMON_KERNEL_FRAMES_MAX];
	u8 stack[];			/* user_stack_bytes */
};

/* How often the task has been switched out: who sleeps and has the same number did not run. */
static inline unsigned long task_switches(const struct task_struct *task)
{
	return READ_ONCE(task->nvcsw) + READ_ONCE(task->nivcsw);
}

/* -ENOENT if this kernel does not let a module walk a stack. Sleeps. */
int capture_init(void);

/* NULL without memory; freed by kvfree(). */
struct capture *capture_alloc(void);

/*
 * Captures a task other than the caller; mm is its memory, or NULL. A task that runs is
 * interrupted where it runs. Waits for nothing that the task could hold up. Sleeps.
 */
void capture_task(struct capture *capture, struct task_struct *task, struct mm_struct *mm);

/*
 * The parts that depend on where they run; capture->flags is set before.
 * The user side of current, whose registers are given, in the memory in use now;
 * any context.
 */
void capture_user(struct capture *capture, struct pt_regs *registers);

/* on_cpu.c: see there. */
int on_cpu_init(void);
void on_cpu_exit(void);

enum on_cpu_result {
	ON_CPU_CAPTURED,
	ON_CPU_NOT_RUNNING,		/* capture it where it sleeps */
	ON_CPU_NO_ANSWER,		/* it runs, with interrupts off */
};

/* Captures a task on the CPU that it runs on. Sleeps. */
enum on_cpu_result on_cpu_capture(struct capture *capture, struct task_struct *task);

#endif
