// SPDX-License-Identifier: GPL-2.0-only
/*
 * The layout of what a waiter puts on its stack is private to the kernel's locks, and so are the
 * names of their functions. So before any find is believed, threads wait for locks that
 * this file holds, and each must be found.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched/task.h>
#include <linux/semaphore.h>

#include "lock_finder.h"

/* A thread is asleep long before, on any machine. */
#define FIND_MS 5000

static DEFINE_MUTEX(mutex);
static DECLARE_RWSEM(written);
static DECLARE_RWSEM(read);
static struct semaphore semaphore;

static int wait_for_mutex(void *unused)
{
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	return 0;
}

static int wait_to_read(void *unused)
{
	down_read(&written);
	up_read(&written);
	return 0;
}

static int wait_to_write(void *unused)
{
	down_write(&read);
	up_write(&read);
	return 0;
}

static int wait_for_semaphore(void *unused)
{
	down(&semaphore);
	return 0;
}

static const struct {
	int (*wait)(void *unused);
	enum vmon_lock_kind kind;
	void *lock;
	u32 flags;			/* beside those that all have */
} cases[] = {
	{ wait_for_mutex, VMON_LOCK_MUTEX, &mutex, VMON_BLOCKED_OWNER },
	{ wait_to_read, VMON_LOCK_RWSEM_READ, &written, VMON_BLOCKED_OWNER },
	{ wait_to_write, VMON_LOCK_RWSEM_WRITE, &read, VMON_BLOCKED_READERS },
	{ wait_for_semaphore, VMON_LOCK_SEMAPHORE, &semaphore, 0 },
};

static void hold_all(void)
{
	mutex_lock(&mutex);
	down_write(&written);
	down_read(&read);
	sema_init(&semaphore, 1);
	down(&semaphore);
}

static void release_all(void)
{
	up(&semaphore);
	up_read(&read);
	up_write(&written);
	mutex_unlock(&mutex);
}

/* Whether the thread, once it is asleep, is found to wait for its lock. */
static bool is_found(unsigned int i, struct task_struct *thread)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(FIND_MS);
	struct vmon_blocked found;

	while (!lock_find(&found, thread) || !found.lock) {
		if (time_after(jiffies, deadline))
			return false;
		usleep_range(50, 100);
	}
	return found.kind == cases[i].kind && found.lock == (unsigned long)cases[i].lock &&
	       found.flags == (VMON_BLOCKED_QUEUE | cases[i].flags) &&
	       found.queue_place == 0 && found.waiters == 1 &&
	       found.readers == !!(cases[i].flags & VMON_BLOCKED_READERS) &&
	       (!(cases[i].flags & VMON_BLOCKED_OWNER) || found.owner_pid == current->pid);
}

int lock_self_test(bool *passed)
{
	struct task_struct *threads[ARRAY_SIZE(cases)];
	unsigned int i, count;
	int error = 0;

	hold_all();
	for (count = 0; count < ARRAY_SIZE(cases); count++) {
		threads[count] = kthread_create(cases[count].wait, NULL, "vmon_lock_test");
		if (IS_ERR(threads[count])) {
			error = PTR_ERR(threads[count]);
			break;
		}
		get_task_struct(threads[count]);
		wake_up_process(threads[count]);
	}
	*passed = !error;
	for (i = 0; *passed && i < count; i++)
		*passed = is_found(i, threads[i]);
	release_all();
	while (count--) {
		kthread_stop(threads[count]);
		put_task_struct(threads[count]);
	}
	return error;
}
