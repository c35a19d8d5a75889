// SPDX-License-Identifier: GPL-2.0-only
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "compat/locks.h"
#include "lock_queue.h"

/* A queue is followed so far in each direction. */
#define WAITERS_MAX 256

/* More than a tree of all tasks is deep. */
#define DEPTH_MAX 64

/* In words, more than an rt_mutex's waiter is long. */
#define RT_WAITER_WORDS 16

/* Where the private structs of mutex, rwsem and semaphore have the task; the self-test proves it. */
#define WAITER_TASK sizeof(struct list_head)

bool kernel_peek(void *to, unsigned long from, size_t size)
{
	return from % sizeof(long) == 0 &&
	       !copy_from_kernel_nofault(to, (const void *)from, size);
}

bool kernel_may_be_task(unsigned long address)
{
	return address % L1_CACHE_BYTES == 0 && virt_addr_valid((void *)address);
}

bool kernel_may_be_lock(unsigned long address)
{
	return address % sizeof(long) == 0 &&
	       (virt_addr_valid((void *)address) ||
		(address >= MODULES_VADDR && address < MODULES_END));
}

/* A waiter lies on the stack of the task that it names, the head of the list does not. */
static bool is_waiter(unsigned long at)
{
	unsigned long task, stack;

	return kernel_peek(&task, at + WAITER_TASK, sizeof(task)) &&
	       kernel_may_be_task(task) &&
	       kernel_peek(&stack, task + offsetof(struct task_struct, stack), sizeof(stack)) &&
	       at - stack < THREAD_SIZE;
}

/* Steps along a list in one direction until it meets the head: that, and the waiters passed. */
static unsigned long walk_to_head(unsigned long at, size_t onward, size_t backward,
				  u32 *passed, bool *truncated)
{
	for (*passed = 0; *passed < WAITERS_MAX; ++*passed) {
		unsigned long next, back;

		if (!kernel_peek(&next, at + onward, sizeof(next)) ||
		    !kernel_peek(&back, next + backward, sizeof(back)) || back != at)
			return 0;
		if (!is_waiter(next))
			return next;
		at = next;
	}
	*truncated = true;
	return 0;
}

struct lock_queue lock_queue_of_list(unsigned long waiter)
{
	const size_t next = offsetof(struct list_head, next), prev = offsetof(struct list_head, prev);
	struct lock_queue queue = {};
	bool after_cut = false, before_cut = false;
	unsigned long after, before;

	after = walk_to_head(waiter, next, prev, &queue.after, &after_cut);
	before = walk_to_head(waiter, prev, next, &queue.before, &before_cut);
	queue.truncated = after_cut || before_cut;
	if (before == after || (before && after_cut))
		queue.lock = before;
	else if (after && before_cut)
		queue.lock = after;
	return queue;
}

/* As rb_next(); 0 at the end, and where there is no tree. */
static unsigned long next_in_tree(unsigned long at)
{
	struct rb_node node, parent;
	unsigned int depth;

	if (!kernel_peek(&node, at, sizeof(node)))
		return 0;
	if (node.rb_right) {
		at = (unsigned long)node.rb_right;
		for (depth = 0; depth < DEPTH_MAX; depth++) {
			if (!kernel_peek(&node, at, sizeof(node)))
				return 0;
			if (!node.rb_left)
				return at;
			at = (unsigned long)node.rb_left;
		}
		return 0;
	}
	for (depth = 0; depth < DEPTH_MAX; depth++) {
		unsigned long above = (unsigned long)rb_parent(&node);

		if (!above || !kernel_peek(&parent, above, sizeof(parent)))
			return 0;
		if ((unsigned long)parent.rb_right != at)
			return above;
		at = above;
		node = parent;
	}
	return 0;
}

/* In the waiter the lock is the word behind the task. */
unsigned long rt_mutex_of_waiter(unsigned long waiter, const struct task_struct *task)
{
	unsigned long words[RT_WAITER_WORDS];
	unsigned int i;

	if (!kernel_peek(words, waiter, sizeof(words)))
		return 0;
	for (i = 0; i < RT_WAITER_WORDS - 1; i++)
		if (words[i] == (unsigned long)task)
			return words[i + 1];
	return 0;
}

struct lock_queue lock_queue_of_rt_mutex(unsigned long rt_mutex, unsigned long waiter)
{
	struct lock_queue queue = { .lock = waiter ? 0 : rt_mutex };
	struct compat_rt_mutex mutex;
	unsigned long at;
	u32 passed;

	if (!kernel_peek(&mutex, rt_mutex, sizeof(mutex)))
		return queue;
	at = (unsigned long)mutex.waiters.rb_leftmost;
	for (passed = 0; at && passed < WAITERS_MAX; passed++) {
		if (at == waiter) {
			queue.lock = rt_mutex;
			queue.before = passed;
		}
		at = next_in_tree(at);
	}
	queue.after = waiter && queue.lock ? passed - queue.before - 1 : passed;
	queue.truncated = at;
	return queue;
}
