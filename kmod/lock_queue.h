/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The queue of a lock, walked from one of its waiters on a stack without holding anything:
 * each word is read without faults, and each link is believed only if it leads back. A queue
 * that changes meanwhile is not told.
 */
#ifndef VMON_LOCK_QUEUE_H
#define VMON_LOCK_QUEUE_H

#include <linux/types.h>

struct task_struct;

struct lock_queue {
	unsigned long lock;		/* head of the list, or the rt_mutex; 0: not told */
	u32 before;
	u32 after;
	bool truncated;			/* before or after: at least so many */
};

/* Reads kernel memory that may not be there, or not be what it seems; false if it is not. */
bool kernel_peek(void *to, unsigned long from, size_t size);

/* Whether there may be a task, or a lock, at the address: never true for a device's memory. */
bool kernel_may_be_task(unsigned long address);
bool kernel_may_be_lock(unsigned long address);

/* For a waiter { list_head; task } at that address. Any context. */
struct lock_queue lock_queue_of_list(unsigned long waiter);

/* The rt_mutex of the waiter at that address, which is the task's; 0 if there is none. */
unsigned long rt_mutex_of_waiter(unsigned long waiter, const struct task_struct *task);

/* For an rt_mutex; waiter 0 stands for one that is before all others. Any context. */
struct lock_queue lock_queue_of_rt_mutex(unsigned long rt_mutex, unsigned long waiter);

#endif
