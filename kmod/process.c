// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cgroup.h>
#include <linux/kernfs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "dump.h"

/* Most of a command line that is recorded, in bytes. */
#define COMMAND_LINE_MAX 4096

size_t dump_cgroup_path(struct task_struct *task, char *path, size_t size)
{
	int length;

	/* cgroup_path_ns() would take a mutex. */
	rcu_read_lock();
	length = kernfs_path_from_node(task_dfl_cgroup(task)->kn, NULL, path, size);
	rcu_read_unlock();
	/* Newer kernels say -E2BIG to a path that they cut. */
	return length < 0 && length != -E2BIG ? 0 : strnlen(path, size - 1);
}

/* Copies the command line page by page, as far as it is there without faults. */
static u32 copy_command_line(struct mm_struct *mm, char *to)
{
	unsigned long start = READ_ONCE(mm->arg_start), end = READ_ONCE(mm->arg_end);
	u32 size, done = 0;

	if (end <= start)
		return 0;
	size = min_t(unsigned long, end - start, COMMAND_LINE_MAX);
	kthread_use_mm(mm);
	while (done < size) {
		u32 chunk = min_t(u32, size - done, PAGE_SIZE - offset_in_page(start + done));

		if (copy_from_user_nofault(to + done, (const void __user *)(start + done), chunk))
			break;
		done += chunk;
	}
	kthread_unuse_mm(mm);
	return done;
}

/*
 * The leader of the task's process, and the parent process, with a reference. NULL if
 * there is none, or the task has been reaped: it keeps neither of them alive then.
 */
static struct task_struct *leader_of(struct task_struct *task)
{
	struct task_struct *leader = NULL;

	rcu_read_lock();
	if (pid_alive(task)) {
		leader = task->group_leader;
		get_task_struct(leader);
	}
	rcu_read_unlock();
	return leader;
}

static struct task_struct *parent_of(struct task_struct *leader)
{
	struct task_struct *parent = NULL;

	rcu_read_lock();
	if (pid_alive(leader)) {
		parent = rcu_dereference(leader->real_parent)->group_leader;
		if (parent->pid)
			get_task_struct(parent);
		else
			parent = NULL;
	}
	rcu_read_unlock();
	return parent;
}

static void record_process(struct dump *dump, struct task_struct *leader,
			   struct task_struct *parent)
{
	struct vmon_process *record = dump->record;
	struct mm_struct *mm = get_task_mm(leader);
	u32 size;

	memset(record, 0, sizeof(*record) + COMMAND_LINE_MAX);
	record->start_time_ns = leader->start_boottime;
	record->pid = leader->pid;
	record->parent_pid = parent ? parent->pid : 0;
	strscpy(record->comm, leader->comm, sizeof(record->comm));
	if (mm) {
		record->command_line_bytes = copy_command_line(mm, (char *)(record + 1));
		mmput_async(mm);
	}
	size = sizeof(*record) + ALIGN(record->command_line_bytes, 8);
	buffer_append(&record->record, VMON_RECORD_PROCESS, size, dump->id);
}

void dump_processes(struct dump *dump, struct task_struct *task)
{
	struct task_struct *leader = leader_of(task), *parent;
	unsigned int depth;

	for (depth = 0; leader && depth <= VMON_PARENTS_MAX; depth++) {
		if (xa_load(&dump->recorded, leader->pid))
			break;		/* and so are its ancestors */
		/* Without memory for this note a process is recorded again. */
		xa_store(&dump->recorded, leader->pid, xa_mk_value(1), GFP_NOWAIT | __GFP_NOWARN);
		parent = parent_of(leader);
		record_process(dump, leader, parent);
		put_task_struct(leader);
		leader = parent;
	}
	if (leader)
		put_task_struct(leader);
}
