// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks of each kind, for tests that ask who waits for whom. Whoever writes to a file in
 * /sys/kernel/debug/lock_holder/ takes the lock of that name, and keeps it until a fatal
 * signal comes; if another has it, the writer waits for it until such a signal.
 *
 *   mutex, semaphore, rt_mutex, rwsem_read, rwsem_write (one rwsem)
 *   spinlock    whoever waits for it spins, and heeds no signal: its holder must be ended first
 *   abandoned   a mutex that its first writer takes, and returns without giving it back
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rtmutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/semaphore.h>
#include <linux/spinlock.h>

static DEFINE_MUTEX(held_mutex);
static DEFINE_MUTEX(abandoned_mutex);
static DECLARE_RWSEM(held_rwsem);
static DEFINE_RT_MUTEX(held_rt_mutex);
static struct semaphore held_semaphore;
static arch_spinlock_t held_spinlock = __ARCH_SPIN_LOCK_UNLOCKED;

static DECLARE_COMPLETION(never);
static struct dentry *folder;

static int take_mutex(void)
{
	return mutex_lock_killable(&held_mutex);
}

static void give_mutex(void)
{
	mutex_unlock(&held_mutex);
}

static int take_semaphore(void)
{
	return down_killable(&held_semaphore);
}

static void give_semaphore(void)
{
	up(&held_semaphore);
}

static int take_rt_mutex(void)
{
	return rt_mutex_lock_interruptible(&held_rt_mutex);
}

static void give_rt_mutex(void)
{
	rt_mutex_unlock(&held_rt_mutex);
}

static int take_to_read(void)
{
	return down_read_killable(&held_rwsem);
}

static void give_read(void)
{
	up_read(&held_rwsem);
}

static int take_to_write(void)
{
	return down_write_killable(&held_rwsem);
}

static void give_write(void)
{
	up_write(&held_rwsem);
}

/* The bare lock, for its holder sleeps: a CPU that spins with it would be lost to the test. */
static int take_spinlock(void)
{
	preempt_disable();
	arch_spin_lock(&held_spinlock);
	preempt_enable();
	return 0;
}

static void give_spinlock(void)
{
	arch_spin_unlock(&held_spinlock);
}

/* Who has abandoned_mutex: who spins on a mutex looks at its owner, so this stays a task. */
static struct task_struct *abandoner;

/* Lockdep would rightly complain of a task that exits with a lock. */
static int abandon(void)
{
	int error;

	lockdep_off();
	error = mutex_lock_killable(&abandoned_mutex);
	lockdep_on();
	if (!error)
		abandoner = get_task_struct(current);
	return error;
}

static const struct kind {
	const char *name;
	int (*take)(void);
	void (*give)(void);		/* NULL: it is not given back */
} kinds[] = {
	{ "mutex", take_mutex, give_mutex },
	{ "semaphore", take_semaphore, give_semaphore },
	{ "rt_mutex", take_rt_mutex, give_rt_mutex },
	{ "rwsem_read", take_to_read, give_read },
	{ "rwsem_write", take_to_write, give_write },
	{ "spinlock", take_spinlock, give_spinlock },
	{ "abandoned", abandon, NULL },
};

static ssize_t hold(struct file *file, const char __user *from, size_t size, loff_t *offset)
{
	const struct kind *kind = file_inode(file)->i_private;
	int error = kind->take();

	if (error)
		return error;
	if (!kind->give)
		return size;
	wait_for_completion_killable(&never);
	kind->give();
	return size;
}

static const struct file_operations hold_operations = {
	.owner = THIS_MODULE,
	.write = hold,
};

static int __init lock_holder_init(void)
{
	unsigned int i;

	sema_init(&held_semaphore, 1);
	folder = debugfs_create_dir("lock_holder", NULL);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		debugfs_create_file(kinds[i].name, 0200, folder, (void *)&kinds[i], &hold_operations);
	return 0;
}

/* No file is open, so nobody holds or waits. */
static void __exit lock_holder_exit(void)
{
	debugfs_remove(folder);
	if (abandoner)
		put_task_struct(abandoner);
}

module_init(lock_holder_init);
module_exit(lock_holder_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: locks of each kind that are held until a signal comes");
