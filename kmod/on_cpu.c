// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capturing a task that runs, on the CPU on which it runs. Its saved registers are
 * those of its last entry into the kernel until it enters the kernel again, so an
 * interrupt makes it do so.
 *
 * A CPU with interrupts off does not answer. Nobody waits for it longer than
 * ANSWER_MS; its request stays its own until it does, and meanwhile nobody asks it again.
 */
#include <asm/unwind.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/swait.h>

#include "capture.h"
#include "compat/task.h"
#include "parameters.h"

#define ANSWER_MS 100
#define TRIES 3

struct request {
	call_single_data_t call;
	struct task_struct *task;	/* with a reference, while asked */
	bool matched;
	struct completion answered;
	bool asked;			/* the dump's own: no answer was taken yet */
	struct capture *capture;
};

static struct request __percpu *requests;

/*
 * The kernel frames below the interrupt through which this runs: the unwinder
 * goes from here until it meets the registers that the interrupt saved.
 */
static void capture_interrupted_kernel(struct capture *capture)
{
	struct unwind_state state;
	struct pt_regs *interrupted = NULL;

	for (unwind_start(&state, current, NULL, NULL); !unwind_done(&state) && !interrupted;
	     unwind_next_frame(&state))
		interrupted = unwind_get_entry_regs(&state, NULL);
	if (!interrupted || user_mode(interrupted))
		return;

	capture->kernel[capture->kernel_frames++] = instruction_pointer(interrupted);
	for (unwind_start(&state, current, interrupted, NULL); !unwind_done(&state);
	     unwind_next_frame(&state)) {
		unsigned long address = unwind_get_return_address(&state);

		if (!address)
			break;
		if (capture->kernel_frames == VMON_KERNEL_FRAMES_MAX) {
			capture->flags |= VMON_TASK_KERNEL_TRUNCATED;
			break;
		}
		capture->kernel[capture->kernel_frames++] = address;
	}
}

/* On the task's CPU, in hard interrupt context. */
static void answer(void *info)
{
	struct request *request = info;
	struct capture *capture = request->capture;

	request->matched = request->task == current;
	if (request->matched) {
		memset(capture, 0, sizeof(*capture));
		capture->flags = VMON_TASK_ON_CPU;
		capture_interrupted_kernel(capture);
		if (current->mm && compat_task_has_user_registers(current))
			capture_user(capture, task_pt_regs(current));
	}
	complete(&request->answered);
}

static void forget(struct request *request)
{
	put_task_struct(request->task);
	request->asked = false;
}

/*
 * wait_for_completion_timeout() with a high-resolution timer: jiffies may stand still until
 * just this CPU answers, for it may be the one that counts them. False after ANSWER_MS.
 */
static bool wait_for_answer(struct completion *answered)
{
	ktime_t until = ktime_add_ms(ktime_get(), ANSWER_MS);
	DECLARE_SWAITQUEUE(wait);
	bool expired = false, done;

	for (;;) {
		prepare_to_swait_exclusive(&answered->wait, &wait, TASK_IDLE);
		done = try_wait_for_completion(answered);
		if (done || expired)
			break;
		expired = !schedule_hrtimeout(&until, HRTIMER_MODE_ABS);
	}
	finish_swait(&answered->wait, &wait);
	return done;
}

/* False if the CPU did not answer. */
static bool ask(struct request *request, unsigned int cpu, struct task_struct *task)
{
	if (request->asked) {	/* did it answer meanwhile? */
		if (!try_wait_for_completion(&request->answered))
			return false;
		forget(request);
	}
	reinit_completion(&request->answered);
	get_task_struct(task);
	request->task = task;
	request->asked = true;
	if (smp_call_function_single_async(cpu, &request->call)) {
		request->matched = false;	/* the CPU went offline */
		forget(request);
		return true;
	}
	if (!wait_for_answer(&request->answered))
		return false;
	forget(request);
	return true;
}

enum on_cpu_result on_cpu_capture(struct capture *capture, struct task_struct *task)
{
	unsigned int tries, cpu;

	for (tries = 0; tries < TRIES && READ_ONCE(task->on_cpu); tries++) {
		struct request *request;

		cpu = task_cpu(task);
		request = per_cpu_ptr(requests, cpu);
		if (!ask(request, cpu, task))
			return ON_CPU_NO_ANSWER;
		if (request->matched) {
			memcpy(capture, request->capture,
			       struct_size(capture, stack, user_stack_bytes));
			return ON_CPU_CAPTURED;
		}
	}
	return ON_CPU_NOT_RUNNING;
}

int on_cpu_init(void)
{
	int cpu;

	requests = alloc_percpu(struct request);
	if (!requests)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct request *request = per_cpu_ptr(requests, cpu);

		request->call.func = answer;
		request->call.info = request;
		init_completion(&request->answered);
		/* Now: a dump must not wait for memory. */
		request->capture = capture_alloc();
		if (!request->capture) {
			on_cpu_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

void on_cpu_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct request *request = per_cpu_ptr(requests, cpu);

		/* A late answer still writes here. */
		if (request->asked) {
			wait_for_completion(&request->answered);
			forget(request);
		}
		kvfree(request->capture);
	}
	free_percpu(requests);
}
