// SPDX-License-Identifier: GPL-2.0-only
/* The kinds of locks: each for good, and so that the waiter can be rescued. */
#include "lock.h"

#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/spinlock.h>

/* For sparse alone: on PREEMPT_RT these two do not tell it what they do. */
#ifdef CONFIG_PREEMPT_RT
#define tell_acquired(lock) __acquire(lock)
#define tell_released(lock) __release(lock)
#else
#define tell_acquired(lock) do { } while (0)
#define tell_released(lock) do { } while (0)
#endif

static void take_spinlock(void *lock)
	__acquires(lock)
{
	spin_lock(lock);
	tell_acquired(lock);
}

/*
 * On PREEMPT_RT, too, where spin_lock() would sleep: there whoever spins here can be
 * preempted, elsewhere the spinlock that it holds keeps it on its CPU.
 */
static int try_take_spinlock(void *lock, bool (*over)(void))
{
	spinlock_t *spinlock = lock;

	/* lockdep takes nobody to task for a trylock: tell it what this is meant to be. */
	might_lock(spinlock);
	while (!spin_trylock(spinlock)) {
		if (over())
			return -EINTR;
		cpu_relax();
	}
	/* For sparse alone, which wants every return to hold the same locks. */
	__release(spinlock);
	return 0;
}

static void release_spinlock(void *lock)
	__releases(lock)
{
	spin_unlock(lock);
	tell_released(lock);
}

const struct lock_kind spinlock_kind = {
	.take = take_spinlock,
	.try_take = try_take_spinlock,
	.release = release_spinlock,
	.spins = true,
};

static void take_mutex(void *lock)
{
	mutex_lock(lock);
}

static int try_take_mutex(void *lock, bool (*over)(void))
{
	return mutex_lock_killable(lock);
}

static void release_mutex(void *lock)
{
	mutex_unlock(lock);
}

static void renew_mutex(void *lock)
{
	mutex_init((struct mutex *)lock);
}

const struct lock_kind mutex_kind = {
	.take = take_mutex,
	.try_take = try_take_mutex,
	.release = release_mutex,
	.renew = renew_mutex,
};

static void take_semaphore(void *lock)
{
	down(lock);
}

static int try_take_semaphore(void *lock, bool (*over)(void))
{
	return down_killable(lock);
}

static void release_semaphore(void *lock)
{
	up(lock);
}

const struct lock_kind semaphore_kind = {
	.take = take_semaphore,
	.try_take = try_take_semaphore,
	.release = release_semaphore,
};

static void take_rwsem_write(void *lock)
{
	down_write(lock);
}

static int try_take_rwsem_write(void *lock, bool (*over)(void))
{
	return down_write_killable(lock);
}

static void release_rwsem_write(void *lock)
{
	up_write(lock);
}

const struct lock_kind rwsem_write_kind = {
	.take = take_rwsem_write,
	.try_take = try_take_rwsem_write,
	.release = release_rwsem_write,
};

static void take_rwsem_read(void *lock)
{
	down_read(lock);
}

static int try_take_rwsem_read(void *lock, bool (*over)(void))
{
	return down_read_killable(lock);
}

static void release_rwsem_read(void *lock)
{
	up_read(lock);
}

const struct lock_kind rwsem_read_kind = {
	.take = take_rwsem_read,
	.try_take = try_take_rwsem_read,
	.release = release_rwsem_read,
};
