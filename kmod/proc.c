// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/kernel.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "hits.h"
#include "interval.h"
#include "lock_finder.h"
#include "parameters.h"
#include "proc.h"
#include "tick_budget.h"
#include "timer_group.h"
#include "trigger.h"

static u64 def_interval_ns = 10000;

u64 interval_for_caller(u64 wish_ns)
{
	bool privileged = capable(CAP_SYS_ADMIN) || capable(CAP_PERFMON);
	u64 floor = privileged ? min_interval_ns : min_interval_unprivileged_ns;

	if (!wish_ns)
		return max(READ_ONCE(def_interval_ns), floor);
	return wish_ns >= floor && wish_ns <= INTERVAL_MAX_NS ? wish_ns : 0;
}

/*
 * A knob's new value, one decimal number from least to most; -EPERM, -EINVAL, -ERANGE or
 * -EFAULT. The file's mode alone would let in the root of a user namespace.
 */
static int number_from_user(const char __user *from, size_t size, u64 least, u64 most, u64 *number)
{
	int error;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	error = kstrtoull_from_user(from, size, 10, number);
	if (error)
		return error;
	return *number < least || *number > most ? -ERANGE : 0;
}

static int def_interval_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "%llu\n", READ_ONCE(def_interval_ns));
	return 0;
}

static ssize_t def_interval_write(struct file *file, const char __user *from, size_t size,
				  loff_t *offset)
{
	u64 number;
	int error = number_from_user(from, size, min_interval_ns, INTERVAL_MAX_NS, &number);

	if (error)
		return error;
	WRITE_ONCE(def_interval_ns, number);
	return size;
}

static int dump_reset_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "%u\n", READ_ONCE(dump_reset_sec));
	return 0;
}

static ssize_t dump_reset_write(struct file *file, const char __user *from, size_t size,
				loff_t *offset)
{
	u64 number;
	int error = number_from_user(from, size, 0, DUMP_RESET_SEC_MAX, &number);

	if (error)
		return error;
	WRITE_ONCE(dump_reset_sec, number);
	return size;
}

static int status_show(struct seq_file *file, void *unused)
{
	struct tick_totals ticks = tick_budget_totals();
	struct buffer_usage buffer = buffer_usage();
	struct dump_totals dumps = trigger_totals();

	seq_printf(file, "watches: %u\n", timer_group_watches());
	seq_printf(file, "groups: %u\n", timer_group_count());
	seq_printf(file, "hits: %llu\n", hits_count());
	seq_printf(file, "dumps: %llu\n", dumps.dumps);
	seq_printf(file, "lost_records: %llu\n", buffer.lost_records);
	seq_printf(file, "buffer_bytes: %llu\n", buffer.size);
	seq_printf(file, "buffer_used_bytes: %llu\n", buffer.used);
	seq_printf(file, "ticks: %llu\n", ticks.ticks);
	seq_printf(file, "throttled_ticks: %llu\n", ticks.throttled);
	seq_printf(file, "interrupt_ns: %llu\n", tick_budget_interrupt_ns());
	seq_printf(file, "tick_time_ns: %llu\n", ticks.time_ns);
	seq_printf(file, "dump_time_ns: %llu\n", dumps.time_ns);
	seq_printf(file, "unnamed_hung_tasks: %llu\n", dumps.unnamed_hung_tasks);
	seq_printf(file, "finds_locks: %d\n", lock_finder_works());
	return 0;
}

static int def_interval_open(struct inode *inode, struct file *file)
{
	return single_open(file, def_interval_show, NULL);
}

static int dump_reset_open(struct inode *inode, struct file *file)
{
	return single_open(file, dump_reset_show, NULL);
}

static const struct proc_ops def_interval_ops = {
	.proc_open = def_interval_open,
	.proc_read = seq_read,
	.proc_write = def_interval_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static const struct proc_ops dump_reset_ops = {
	.proc_open = dump_reset_open,
	.proc_read = seq_read,
	.proc_write = dump_reset_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

int proc_init(void)
{
	struct proc_dir_entry *folder = proc_mkdir("variable_monitor", NULL);

	if (folder &&
	    proc_create("def_interval_ns", 0644, folder, &def_interval_ops) &&
	    proc_create("dump_reset_sec", 0644, folder, &dump_reset_ops) &&
	    proc_create_single("status", 0444, folder, status_show))
		return 0;
	proc_exit();
	return -ENOMEM;
}

void proc_exit(void)
{
	remove_proc_subtree("variable_monitor", NULL);
}
