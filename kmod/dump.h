/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One dump: who is running or stuck on the whole machine. dump.c leads;
 * select.c picks the tasks, capture.c takes one task's registers and stacks,
 * process.c and mappings.c say what they belong to, dump_log.c tells the kernel log.
 */
#ifndef VMON_DUMP_H
#define VMON_DUMP_H

#include <linux/llist.h>
#include <linux/mm_types.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include <variable_monitor.h>

struct capture;
struct task_struct;

/* There is one, because dumps run one at a time. */
struct dump {
	u64 id;
	void *record;			/* being built: VMON_RECORD_SIZE_MAX bytes */
	struct capture *capture;

	struct pid **hit_processes;	/* each process whose variable hit, once */
	unsigned int hit_process_count;

	struct task_struct **tasks;	/* selected, each with a reference */
	unsigned int task_count;

	struct xarray processes;	/* those recorded, by pid */
	struct mm_struct **spaces;	/* those recorded, each kept by mmgrab() */
	unsigned int space_count;

	struct vmon_dump_end totals;
};

/* Allocate and free what every dump needs. Sleep. */
int dump_init(void);
void dump_exit(void);

/* Records a dump for these watches (linked by in_pending). On a work queue. */
void dump_hits(struct llist_node *hits);

/* select.c: fills dump->tasks and the totals of what was seen. Sleeps. */
void dump_select_tasks(struct dump *dump);

/* select.c: whether the task belongs to a process whose variable hit. Any context. */
bool dump_is_hit(const struct dump *dump, struct task_struct *task);

/*
 * process.c: records the process of that task and its ancestors, each once per
 * dump; and the path of the task's cgroup, cut to `size`. Sleep.
 */
void dump_processes(struct dump *dump, struct task_struct *task);
size_t dump_cgroup_path(struct task_struct *task, char *path, size_t size);

/* mappings.c: records the executable mappings of mm. Sleeps. */
void dump_mappings(struct dump *dump, struct mm_struct *mm, u64 address_space, u32 tgid);

/* dump_log.c: the block in the kernel log; a whole block is printed or none. */
bool dump_log_begin(struct llist_node *hits);
void dump_log_end(bool began);

#endif
