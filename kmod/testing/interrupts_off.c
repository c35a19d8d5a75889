// SPDX-License-Identifier: GPL-2.0-only
/*
 * A task that runs with interrupts off, and so answers nobody.
 *
 *   write N to /sys/kernel/debug/interrupts_off   the writer runs like that for N ms, at most 1000
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/module.h>

static struct dentry *file;

static ssize_t run_with_interrupts_off(struct file *unused, const char __user *from, size_t size,
				       loff_t *offset)
{
	unsigned int milliseconds;
	unsigned long flags;
	int error = kstrtouint_from_user(from, size, 10, &milliseconds);

	if (error)
		return error;
	if (milliseconds > 1000)
		return -ERANGE;
	local_irq_save(flags);
	mdelay(milliseconds);
	local_irq_restore(flags);
	return size;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.write = run_with_interrupts_off,
};

static int __init interrupts_off_init(void)
{
	file = debugfs_create_file("interrupts_off", 0200, NULL, NULL, &operations);
	return 0;
}

static void __exit interrupts_off_exit(void)
{
	debugfs_remove(file);
}

module_init(interrupts_off_init);
module_exit(interrupts_off_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: a task that runs with interrupts off");
