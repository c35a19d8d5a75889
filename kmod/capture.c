// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>

#include "capture.h"
#include "compat/kasan.h"
#include "compat/stack_trace.h"
#include "compat/task.h"
#include "mappings_lock.h"
#include "parameters.h"

/* A task that runs off and on is tried so often. */
#define TRIES 5

static stack_trace_save_tsk_fn save_stack_of;

struct capture *capture_alloc(void)
{
	struct capture *capture;

	return kvzalloc(struct_size(capture, stack, user_stack_bytes), GFP_KERNEL);
}

int capture_init(void)
{
	save_stack_of = compat_find_stack_trace_save_tsk();
	if (save_stack_of)
		return 0;
	pr_err("stack_trace_save_tsk() cannot be had of this kernel\n");
	return -ENOENT;
}

static struct vmon_registers registers_of(const struct pt_regs *regs)
{
	return (struct vmon_registers) {
		.r15 = regs->r15, .r14 = regs->r14, .r13 = regs->r13, .r12 = regs->r12,
		.rbp = regs->bp, .rbx = regs->bx, .r11 = regs->r11, .r10 = regs->r10,
		.r9 = regs->r9, .r8 = regs->r8, .rax = regs->ax, .rcx = regs->cx,
		.rdx = regs->dx, .rsi = regs->si, .rdi = regs->di, .orig_rax = regs->orig_ax,
		.rip = regs->ip, .cs = regs->cs, .eflags = regs->flags, .rsp = regs->sp,
		.ss = regs->ss,
	};
}

/*
 * Copies the top of the user stack page by page, without faults and so without
 * locks. A page that is not there becomes a marked hole.
 */
static void copy_user_stack(struct capture *capture, u64 start)
{
	unsigned int done = 0, page;

	capture->stack_start = start;
	/* In an interrupt, 5.10 checks for that before copy_from_user_nofault() says so itself. */
	pagefault_disable();
	for (page = 0; done < user_stack_bytes; page++) {
		unsigned int chunk = min_t(u64, user_stack_bytes - done,
					   PAGE_SIZE - offset_in_page(start + done));

		if (copy_from_user_nofault(capture->stack + done,
					   (const void __user *)(start + done), chunk)) {
			memset(capture->stack + done, 0, chunk);
			capture->stack_missing |= 1U << page;
		}
		done += chunk;
	}
	pagefault_enable();
	capture->stack_bytes = done;
}

void capture_user(struct capture *capture, struct pt_regs *registers)
{
	if (!user_mode(registers))
		return;
	capture->registers = registers_of(registers);
	capture->flags |= VMON_TASK_REGISTERS;
	if (!user_64bit_mode(registers))
		capture->flags |= VMON_TASK_32BIT;
	copy_user_stack(capture, registers->sp);
}

/* First address behind the mapping in which the stack lies; 0 if that cannot be told. */
static u64 stack_end(struct mm_struct *mm, u64 start)
{
	struct vm_area_struct *vma;
	u64 end = 0;

	if (!mappings_lock(mm))
		return 0;
	vma = find_vma(mm, start);
	if (vma && vma->vm_start <= start)
		end = vma->vm_end;
	mappings_unlock(mm);
	return end;
}

/* Pages that the copy touches. */
static unsigned int copied_pages(const struct capture *capture)
{
	u64 start = capture->stack_start;

	if (!capture->stack_bytes)
		return 0;
	return ((start + capture->stack_bytes - 1) >> PAGE_SHIFT) - (start >> PAGE_SHIFT) + 1;
}

/* Cuts off what was copied beyond the stack, and pages at the end that were not there. */
static void trim_user_stack(struct capture *capture, struct mm_struct *mm)
{
	u64 start = capture->stack_start, end = stack_end(mm, start);

	if (end && end - start <= capture->stack_bytes)
		capture->stack_bytes = end - start;
	else
		capture->flags |= VMON_TASK_USER_TRUNCATED;

	while (capture->stack_bytes &&
	       capture->stack_missing & 1U << (copied_pages(capture) - 1)) {
		u64 last_page = (start + capture->stack_bytes - 1) & PAGE_MASK;

		capture->stack_bytes = last_page > start ? last_page - start : 0;
		capture->flags |= VMON_TASK_USER_TRUNCATED;
	}
	capture->stack_missing &= (1U << copied_pages(capture)) - 1;
}

/*
 * The kernel's own function holds the stack for the walk. That the task may begin to run meanwhile
 * is what the unwinder is made for: it checks where it reads, and try_capture() sees that the task
 * moved. But it reads the saved registers of an interrupted frame as any other memory, and by now
 * the border of a new frame may lie there, at which KASAN takes offence.
 */
static unsigned int walk_kernel_stack(struct task_struct *task, unsigned long *frames)
{
	unsigned int count;

	compat_kasan_disable_current();
	count = save_stack_of(task, frames, VMON_KERNEL_FRAMES_MAX, 0);
	compat_kasan_enable_current();
	return count;
}

/*
 * A task that does not run. Its stack cannot be held from here, so its registers
 * are read without faults.
 */
static void capture_asleep(struct capture *capture, struct task_struct *task,
			   struct mm_struct *mm)
{
	struct pt_regs registers;
	void *stack = READ_ONCE(task->stack);

	capture->kernel_frames = walk_kernel_stack(task, capture->kernel);
	if (capture->kernel_frames == VMON_KERNEL_FRAMES_MAX)
		capture->flags |= VMON_TASK_KERNEL_TRUNCATED;
	if (!mm || !stack || task->exit_state || !compat_task_has_user_registers(task))
		return;
	if (copy_from_kernel_nofault(&registers, task_pt_regs(task), sizeof(registers)))
		return;
	/* A stack that was given up may be another task's by now. */
	if (READ_ONCE(task->exit_state) || READ_ONCE(task->stack) != stack)
		return;
	kthread_use_mm(mm);
	capture_user(capture, &registers);
	kthread_unuse_mm(mm);
}

/* Captures the task wherever it is; false if it began or ceased to run meanwhile. */
static bool try_capture(struct capture *capture, struct task_struct *task, struct mm_struct *mm)
{
	unsigned long switches = task_switches(task);

	memset(capture, 0, sizeof(*capture));
	switch (on_cpu_capture(capture, task)) {
	case ON_CPU_CAPTURED:
		return true;
	case ON_CPU_NO_ANSWER:
		capture_asleep(capture, task, mm);
		capture->flags |= VMON_TASK_STALE;
		return true;
	case ON_CPU_NOT_RUNNING:
		break;
	}
	capture_asleep(capture, task, mm);
	capture->switches = switches;
	return switches == task_switches(task) && !READ_ONCE(task->on_cpu);
}

void capture_task(struct capture *capture, struct task_struct *task, struct mm_struct *mm)
{
	unsigned int tries = 0;

	while (!try_capture(capture, task, mm)) {
		if (++tries == TRIES) {
			capture->flags |= VMON_TASK_MOVED;
			break;
		}
	}
	if (mm && capture->stack_bytes)
		trim_user_stack(capture, mm);
}
