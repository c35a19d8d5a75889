// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "compat/task.h"
#include "dump.h"
#include "parameters.h"

/* So many tasks are looked at before others may have the CPU. */
#define WALK_BATCH 512

static void select_task(struct dump *dump, struct task_struct *task)
{
	if (dump->task_count == max_tasks) {
		dump->totals.skipped_limit++;
		return;
	}
	get_task_struct(task);
	dump->tasks[dump->task_count++] = task;
}

static bool is_of_first(const struct dump *dump, struct task_struct *task, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (task_tgid(task) == dump->processes[i])
			return true;
	return false;
}

bool dump_is_cause(const struct dump *dump, struct task_struct *task)
{
	return is_of_first(dump, task, dump->process_count);
}

bool dump_is_hit(const struct dump *dump, struct task_struct *task)
{
	return is_of_first(dump, task, dump->hit_process_count);
}

/*
 * By state: what runs, and what waits uninterruptibly and counts towards the
 * load. This worker itself is no part of what the machine was doing.
 */
static bool state_is_wanted(struct task_struct *task)
{
	if (task == current || task->exit_state)
		return false;
	if (compat_task_frozen(task))
		return false;
	if ((compat_task_state(task) & TASK_NOLOAD) && task_state_to_char(task) != 'I')
		return false;
	return strchr(dump_states, task_state_to_char(task));
}

/* All threads of the processes that caused the dump, before the limit can be reached. */
static void select_causes(struct dump *dump)
{
	struct task_struct *leader, *thread;
	unsigned int i;

	for (i = 0; i < dump->process_count; i++) {
		rcu_read_lock();
		leader = pid_task(dump->processes[i], PIDTYPE_TGID);
		if (leader) {
			for_each_thread(leader, thread) {
				dump->totals.tasks_seen++;
				if (!thread->exit_state)
					select_task(dump, thread);
			}
		}
		rcu_read_unlock();
	}
}

/*
 * Lets others run in the middle of the walk, as kernel/hung_task.c does. False if
 * the walk cannot go on, because its place is gone.
 */
static bool walk_pause(struct task_struct *process, struct task_struct *thread)
{
	bool place_is_there;

	get_task_struct(process);
	get_task_struct(thread);
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
	place_is_there = pid_alive(process) && pid_alive(thread);
	put_task_struct(thread);
	put_task_struct(process);
	return place_is_there;
}

void dump_select_tasks(struct dump *dump)
{
	struct task_struct *process, *thread;
	unsigned int batch = WALK_BATCH;

	select_causes(dump);

	rcu_read_lock();
	for_each_process_thread(process, thread) {
		if (!--batch) {
			batch = WALK_BATCH;
			if (!walk_pause(process, thread)) {
				/* Nobody knows how many lay behind it. */
				dump->totals.skipped_exited++;
				goto out;
			}
		}
		if (dump_is_cause(dump, thread))
			continue;
		dump->totals.tasks_seen++;
		if (state_is_wanted(thread))
			select_task(dump, thread);
	}
out:
	rcu_read_unlock();
}
