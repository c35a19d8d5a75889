// SPDX-License-Identifier: GPL-2.0-only
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "buffer.h"
#include "capture.h"
#include "dump.h"
#include "history.h"
#include "mappings_lock.h"
#include "parameters.h"
#include "watch.h"

static_assert(sizeof(struct vmon_task) + VMON_KERNEL_FRAMES_MAX * sizeof(u64) +
	      VMON_USER_STACK_MAX + PATH_MAX <= VMON_RECORD_SIZE_MAX);

/* As many as can cause one dump. */
#define PROCESSES_MAX (WATCHES_MAX + DUMP_REQUESTS_MAX + DUMP_HUNG_MAX)

static struct dump dump;

int dump_init(void)
{
	int error = capture_init();

	if (error)
		return error;
	xa_init(&dump.recorded);
	dump.record = kvzalloc(VMON_RECORD_SIZE_MAX, GFP_KERNEL);
	dump.capture = capture_alloc();
	dump.tasks = kvcalloc(max_tasks, sizeof(*dump.tasks), GFP_KERNEL);
	dump.spaces = kvcalloc(max_tasks, sizeof(*dump.spaces), GFP_KERNEL);
	dump.processes = kvcalloc(PROCESSES_MAX, sizeof(*dump.processes), GFP_KERNEL);
	dump.histories = kvcalloc(WATCHES_MAX, sizeof(*dump.histories), GFP_KERNEL);
	if (dump.record && dump.capture && dump.tasks && dump.spaces && dump.processes &&
	    dump.histories)
		return 0;
	dump_exit();
	return -ENOMEM;
}

void dump_exit(void)
{
	kvfree(dump.record);
	kvfree(dump.capture);
	kvfree(dump.tasks);
	kvfree(dump.spaces);
	kvfree(dump.processes);
	kvfree(dump.histories);
}

static void note_process(struct pid *process)
{
	unsigned int i;

	for (i = 0; i < dump.process_count; i++)
		if (dump.processes[i] == process)
			return;
	if (!WARN_ON_ONCE(dump.process_count == PROCESSES_MAX))
		dump.processes[dump.process_count++] = process;
}

static void record_hit(const struct watch *watch)
{
	struct vmon_hit record = {
		.watch_id = watch->id,
		.address = watch->address,
		.value = watch->hit.value,
		.muted_ticks = watch->hit.muted_ticks,
		.threshold = watch->hit.threshold,
		.interval_ns = watch->interval_ns,
		.tick_ns = watch->hit.tick_ns,
		.tick_realtime_ns = watch->hit.tick_realtime_ns,
		.running_ip = watch->hit.running_ip,
		.running_pid = watch->hit.running_pid,
		.tick_cpu = watch->hit.cpu,
		.pid = pid_nr(watch->process->pid),
		.length = watch->length,
		.comparison = watch->comparison,
		.flags = watch->flags,
	};

	memcpy(record.name, watch->name, sizeof(record.name));
	/* What follows the end of a comm is of an earlier one. */
	strscpy(record.running_comm, watch->hit.running_comm, sizeof(record.running_comm));
	buffer_append(&record.record, VMON_RECORD_HIT, sizeof(record), dump.id);
}

static void record_condition(const struct watch *watch)
{
	struct vmon_condition record = {
		.watch_id = watch->id,
		.high = watch->hit.high,
		.rearm = watch->hit.rearm,
		.previous = watch->hit.previous,
		.previous_ns = watch->hit.previous_ns,
		.unchanged_ns = watch->hit.unchanged_ns,
		.ticks = watch->ticks,
		.ticks_held = watch->hit.ticks_held,
		.known = watch->hit.known,
	};

	buffer_append(&record.record, VMON_RECORD_CONDITION, sizeof(record), dump.id);
}

static void record_hang(const struct hung_task *task)
{
	struct vmon_hang record = {
		.start_time_ns = task->start_time_ns,
		.pid = task->pid,
		.tgid = pid_nr(task->process),
	};

	strscpy(record.comm, task->comm, sizeof(record.comm));
	buffer_append(&record.record, VMON_RECORD_HANG, sizeof(record), dump.id);
}

static void note_processes(const struct dump_causes *causes)
{
	struct watch *watch;
	unsigned int i;

	llist_for_each_entry(watch, causes->hits, in_pending)
		note_process(watch->process->pid);
	dump.hit_process_count = dump.process_count;
	for (i = 0; i < causes->request_count; i++)
		if (causes->requested[i])
			note_process(causes->requested[i]);
	for (i = 0; i < causes->hung_count; i++)
		note_process(causes->hung[i].process);
}

/*
 * Opens the dump and names its causes. False if the buffer has no room for it: then each of
 * these records is counted as lost.
 */
static bool record_begin(const struct dump_causes *causes)
{
	struct vmon_dump_begin record = {
		.realtime_ns = ktime_get_real_ns(),
		.reason = (causes->hits ? VMON_DUMP_HIT : 0) |
			  (causes->request_count ? VMON_DUMP_REQUEST : 0) |
			  (causes->hung_count ? VMON_DUMP_HANG : 0),
	};
	struct watch *watch;
	unsigned int i;
	bool stored;

	llist_for_each_entry(watch, causes->hits, in_pending)
		record.hits++;
	stored = buffer_append_begin(&record.record, VMON_RECORD_DUMP_BEGIN, sizeof(record), dump.id);
	llist_for_each_entry(watch, causes->hits, in_pending) {
		record_hit(watch);
		if (watch->tells_condition)
			record_condition(watch);
	}
	for (i = 0; i < causes->hung_count; i++)
		record_hang(&causes->hung[i]);
	return stored;
}

/* Of all processes that caused the dump. */
static void dump_histories(void)
{
	unsigned int i;

	for (i = 0; i < dump.process_count; i++) {
		histories_record(&dump, dump.processes[i]);
		histories_go_on(dump.processes[i]);
		cond_resched();
	}
}

/* The number of mm within the dump, from 1; *fresh tells if it is its first time. */
static u64 address_space_of(struct mm_struct *mm, bool *fresh)
{
	unsigned int i;

	for (i = 0; i < dump.space_count; i++)
		if (dump.spaces[i] == mm)
			break;
	*fresh = i == dump.space_count;
	if (*fresh) {
		/* At most one for each task. */
		mmgrab(mm);
		dump.spaces[dump.space_count++] = mm;
	}
	return i + 1;
}

/* Puts the record of what was captured together, and appends it. */
static bool record_task(struct task_struct *task, char state, u64 address_space)
{
	const struct capture *capture = dump.capture;
	struct vmon_task *record = dump.record;
	u8 *part = (u8 *)(record + 1);
	u32 padding;

	*record = (struct vmon_task) {
		.start_time_ns = task->start_boottime,
		.pid = task->pid,
		.tgid = task->tgid,
		.flags = capture->flags,
		.state = state,
		.address_space = address_space,
		.registers = capture->registers,
		.stack_start = capture->stack_start,
		.stack_bytes = capture->stack_bytes,
		.stack_missing = capture->stack_missing,
		.kernel_frames = capture->kernel_frames,
	};
	strscpy(record->comm, task->comm, sizeof(record->comm));
	if (task->flags & PF_KTHREAD)
		record->flags |= VMON_TASK_KERNEL_THREAD;
	if (dump_is_hit(&dump, task))
		record->flags |= VMON_TASK_HIT;
	/* The walk of a sleeper's stack leaves out the scheduler's own frames. */
	if (state != 'R' && capture->kernel_frames)
		record->wait_channel = capture->kernel[0];

	memcpy(part, capture->kernel, capture->kernel_frames * sizeof(u64));
	part += capture->kernel_frames * sizeof(u64);
	memcpy(part, capture->stack, capture->stack_bytes);
	padding = ALIGN(capture->stack_bytes, 8) - capture->stack_bytes;
	memset(part + capture->stack_bytes, 0, padding);
	part += capture->stack_bytes + padding;
	record->cgroup_bytes = dump_cgroup_path(task, part, PATH_MAX);
	padding = ALIGN(record->cgroup_bytes, 8) - record->cgroup_bytes;
	memset(part + record->cgroup_bytes, 0, padding);
	part += record->cgroup_bytes + padding;

	return buffer_append(&record->record, VMON_RECORD_TASK, part - (u8 *)record, dump.id);
}

static void dump_task(struct task_struct *task)
{
	char state = task_state_to_char(task);
	struct mm_struct *mm = get_task_mm(task);
	u64 address_space = 0;
	bool fresh = false;

	capture_task(dump.capture, task, mm);
	dump.totals.last_capture_ns = ktime_get_ns();
	if (!dump.totals.first_capture_ns)
		dump.totals.first_capture_ns = dump.totals.last_capture_ns;
	if (mm)
		address_space = address_space_of(mm, &fresh);
	if (record_task(task, state, address_space)) {
		dump.totals.tasks_captured++;
		dump_blocked(&dump, task, mm);
		if (fresh)
			dump_mappings(&dump, mm, address_space, task->tgid);
		dump_processes(&dump, task);
	} else {
		dump.totals.skipped_full++;
	}
	if (mm)
		mmput_async(mm);
}

static void dump_tasks(void)
{
	unsigned int i;

	for (i = 0; i < dump.task_count; i++) {
		struct task_struct *task = dump.tasks[i];

		if (READ_ONCE(task->exit_state))
			dump.totals.skipped_exited++;
		else if (ktime_get_ns() > dump.deadline_ns)
			dump.totals.skipped_time++;
		else
			dump_task(task);
		put_task_struct(task);
		cond_resched();
	}
}

/* Forgets everything about the dump but its number. */
static void reset(void)
{
	while (dump.space_count)
		mmdrop(dump.spaces[--dump.space_count]);
	xa_destroy(&dump.recorded);
	dump.task_count = 0;
	dump.process_count = 0;
	memset(&dump.totals, 0, sizeof(dump.totals));
}

u64 dump_run(const struct dump_causes *causes)
{
	u64 began = ktime_get_ns();
	bool stored;

	dump.id++;
	dump.deadline_ns = began + (u64)max_dump_ms * NSEC_PER_MSEC;
	mappings_lock_begin_dump();
	note_processes(causes);
	stored = record_begin(causes);
	dump_histories();
	if (stored) {
		dump_select_tasks(&dump);
		dump_tasks();
		dump.totals.duration_ns = ktime_get_ns() - began;
		buffer_append_end(&dump.totals.record, VMON_RECORD_DUMP_END,
				  sizeof(dump.totals), dump.id);
	}
	reset();
	/* Last: a console may be slow. */
	dump_log(causes->hits);
	return stored ? dump.id : 0;
}
