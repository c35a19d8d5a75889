/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks of every kind behind one face, so that a scenario is a table and not a program.
 */
#ifndef LOCKTEST_LOCK_H
#define LOCKTEST_LOCK_H

#include <linux/types.h>

/**
 * struct lock_kind - how a kind of lock is taken and released
 * @take: waits for good, as everybody does who is sure of the locks' order
 * @try_take: waits until it has the lock (0), or is rescued (-EINTR): from a sleep by
 *	SIGKILL, from spinning once over() is true
 * @release: the opposite of both
 * @renew: makes a lock free again whose owner is gone; NULL if no scenario needs it
 * @spins: the waiter keeps its CPU, and so does who holds it
 */
struct lock_kind {
	void (*take)(void *lock);
	int (*try_take)(void *lock, bool (*over)(void));
	void (*release)(void *lock);
	void (*renew)(void *lock);
	bool spins;
};

extern const struct lock_kind spinlock_kind, mutex_kind, semaphore_kind;
extern const struct lock_kind rwsem_write_kind, rwsem_read_kind;

/* A lock as scenarios and the status name it. */
struct test_lock {
	const char *name;
	const struct lock_kind *kind;
	void *lock;
};

#endif
