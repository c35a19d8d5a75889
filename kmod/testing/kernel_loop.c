// SPDX-License-Identifier: GPL-2.0-only
/*
 * A task that runs in the kernel, in known functions, and answers interrupts.
 *
 *   write to /sys/kernel/debug/kernel_loop   the writer runs like that until a fatal signal comes
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

/* Some milliseconds, so that the caller is hardly ever seen at its own work. */
#define TURNS 100000

static struct dentry *file;

/* Calls nobody. */
static noinline void kernel_loop_inner(void)
{
	unsigned int turn;

	for (turn = 0; turn < TURNS; turn++)
		cpu_relax();
}

static noinline void kernel_loop_outer(void)
{
	while (!fatal_signal_pending(current)) {
		kernel_loop_inner();
		/* Or the kernel would take the CPU for stuck. */
		cond_resched();
	}
}

static ssize_t kernel_loop_write(struct file *unused, const char __user *from, size_t size,
				 loff_t *offset)
{
	kernel_loop_outer();
	return size;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.write = kernel_loop_write,
};

static int __init kernel_loop_init(void)
{
	file = debugfs_create_file("kernel_loop", 0200, NULL, NULL, &operations);
	return 0;
}

/* The file is not open, so nobody runs. */
static void __exit kernel_loop_exit(void)
{
	debugfs_remove(file);
}

module_init(kernel_loop_init);
module_exit(kernel_loop_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: a task that runs in the kernel until a signal comes");
