/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One dump: who is running or stuck on the whole machine. dump.c leads;
 * select.c picks the tasks, capture.c takes one task's registers and stacks,
 * blocked.c says what it waits for, process.c and mappings.c what it belongs to, dump_log.c
 * tells the kernel log.
 */
#ifndef VMON_DUMP_H
#define VMON_DUMP_H

#include <linux/llist.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include <variable_monitor.h>

struct capture;
struct task_struct;
struct watch;

#define DUMP_REQUESTS_MAX 64
#define DUMP_HUNG_MAX 16

/* A task that the kernel found hung. */
struct hung_task {
	struct pid *process;		/* the caller's reference */
	u64 start_time_ns;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/* Why a dump runs: at least one of the three. The caller keeps the references. */
struct dump_causes {
	struct llist_node *hits;	/* watches, linked by in_pending */
	struct pid *requested[DUMP_REQUESTS_MAX];	/* NULL: no process in particular */
	unsigned int request_count;
	struct hung_task hung[DUMP_HUNG_MAX];
	unsigned int hung_count;
};

/* There is one, because dumps run one at a time. */
struct dump {
	u64 id;
	u64 deadline_ns;		/* CLOCK_MONOTONIC */
	void *record;			/* being built: VMON_RECORD_SIZE_MAX bytes */
	struct capture *capture;

	/* Those that caused the dump, each once; first those whose variables hit. */
	struct pid **processes;
	unsigned int process_count;
	unsigned int hit_process_count;

	struct watch **histories;	/* of one process, each with a reference */

	struct task_struct **tasks;	/* selected, each with a reference */
	unsigned int task_count;

	struct xarray recorded;		/* processes, by pid */
	struct mm_struct **spaces;	/* those recorded, each kept by mmgrab() */
	unsigned int space_count;

	struct vmon_dump_end totals;
};

/* Allocate and free what every dump needs. Sleep. */
int dump_init(void);
void dump_exit(void);

/* Records a dump; its id, or 0 if the buffer had no room for it. On a work queue. */
u64 dump_run(const struct dump_causes *causes);

/* select.c: fills dump->tasks and the totals of what was seen. Sleeps. */
void dump_select_tasks(struct dump *dump);

/*
 * select.c: whether the task belongs to a process that caused the dump, or to one whose
 * variable hit. Any context.
 */
bool dump_is_cause(const struct dump *dump, struct task_struct *task);
bool dump_is_hit(const struct dump *dump, struct task_struct *task);

/* blocked.c: records the lock that the task, which was just captured, waits for. Sleeps. */
void dump_blocked(struct dump *dump, struct task_struct *task, struct mm_struct *mm);

/*
 * process.c: records the process of that task and its ancestors, each once per
 * dump; and the path of the task's cgroup, cut to `size`. Sleep.
 */
void dump_processes(struct dump *dump, struct task_struct *task);
size_t dump_cgroup_path(struct task_struct *task, char *path, size_t size);

/* mappings.c: records the executable mappings of mm. Sleeps. */
void dump_mappings(struct dump *dump, struct mm_struct *mm, u64 address_space, u32 tgid);

/* dump_log.c: the block in the kernel log about hits; a whole block is printed or none. */
void dump_log(struct llist_node *hits);

#endif
