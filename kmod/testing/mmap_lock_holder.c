// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worst tasks that a dump can meet: each sleeps uninterruptibly and holds its own mmap
 * lock for writing, so whoever waits for that lock waits with it.
 *
 *   write to /sys/kernel/debug/mmap_lock_holder/hold      the writer sleeps like that
 *   write to /sys/kernel/debug/mmap_lock_holder/release   all do until then, or for hold_ms
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

static unsigned int hold_ms = 120000;
module_param(hold_ms, uint, 0444);
MODULE_PARM_DESC(hold_ms, "longest hold in ms (default 120000)");

static DECLARE_COMPLETION(released);
static struct dentry *folder;

static ssize_t hold(struct file *file, const char __user *from, size_t size, loff_t *offset)
{
	mmap_write_lock(current->mm);
	wait_for_completion_timeout(&released, msecs_to_jiffies(hold_ms));
	mmap_write_unlock(current->mm);
	return size;
}

static ssize_t release(struct file *file, const char __user *from, size_t size, loff_t *offset)
{
	complete_all(&released);
	return size;
}

static const struct file_operations hold_operations = {
	.owner = THIS_MODULE,
	.write = hold,
};

static const struct file_operations release_operations = {
	.owner = THIS_MODULE,
	.write = release,
};

static int __init mmap_lock_holder_init(void)
{
	folder = debugfs_create_dir("mmap_lock_holder", NULL);
	debugfs_create_file("hold", 0200, folder, NULL, &hold_operations);
	debugfs_create_file("release", 0200, folder, NULL, &release_operations);
	return 0;
}

/* No file is open, so nobody holds. */
static void __exit mmap_lock_holder_exit(void)
{
	debugfs_remove(folder);
}

module_init(mmap_lock_holder_init);
module_exit(mmap_lock_holder_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: tasks that sleep with their own mmap locks held for writing");
