// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "capture.h"
#include "lock_finder.h"
#include "lock_functions.h"
#include "lock_queue.h"
#include "lock_state.h"

/* A lock that is taken and released all the time is looked at so often. */
#define TRIES 5

/* Words of a waiter before the one that names its task. */
#define LINKS (sizeof(struct list_head) / sizeof(long))

/* Around the frame of an rwsem's writer, in words. */
#define CLAIM_WORDS 64

/* A task's kernel stack, from where it was switched out. */
static struct stack_copy {
	unsigned long start;
	unsigned int count;
	unsigned long words[THREAD_SIZE / sizeof(unsigned long)];
} *stack;

static bool works;

static bool copy_stack(const struct task_struct *task)
{
	unsigned long bottom = (unsigned long)READ_ONCE(task->stack), size;

	stack->start = READ_ONCE(task->thread.sp);
	size = bottom + THREAD_SIZE - stack->start;
	if (!bottom || size > THREAD_SIZE)
		return false;
	stack->count = size / sizeof(unsigned long);
	return kernel_peek(stack->words, stack->start, size);
}

static bool is_on_stack(unsigned long address)
{
	return address - stack->start < stack->count * sizeof(unsigned long);
}

static void tell_queue(struct vmon_blocked *found, const struct lock_queue *queue)
{
	found->queue_place = queue->before;
	found->waiters = queue->before + 1 + queue->after;
	found->flags |= VMON_BLOCKED_QUEUE;
	if (queue->truncated)
		found->flags |= VMON_BLOCKED_QUEUE_TRUNCATED;
}

/* Takes what lies there for the task's waiter: { list_head; task }. */
static bool try_waiter(struct vmon_blocked *found, unsigned long waiter, enum vmon_lock_kind kind)
{
	struct lock_queue queue = lock_queue_of_list(waiter);

	*found = (struct vmon_blocked) { .kind = kind };
	tell_queue(found, &queue);
	if (!queue.lock)
		return queue.truncated;
	return lock_state_of_list(found, queue.lock);
}

static bool may_be_link(unsigned long word)
{
	return word >= PAGE_OFFSET && word % sizeof(long) == 0;
}

/* The next word of the stack, from the given index on, that may be the end of a waiter; or count. */
static unsigned int next_waiter(const struct task_struct *task, unsigned int from)
{
	unsigned int i;

	for (i = max_t(unsigned int, from, LINKS); i < stack->count; i++)
		if (stack->words[i] == (unsigned long)task &&
		    may_be_link(stack->words[i - 1]) && may_be_link(stack->words[i - 2]))
			break;
	return i;
}

/* The waiter lies above the return address into the function that waits. */
static bool look_for_waiter(struct vmon_blocked *found, struct task_struct *task,
			    unsigned int function, enum vmon_lock_kind kind)
{
	unsigned int i = function + LINKS;

	while ((i = next_waiter(task, i + 1)) < stack->count)
		if (try_waiter(found, stack->start + (i - LINKS) * sizeof(long), kind))
			return true;
	return false;
}

/* PREEMPT_RT: the first of an rwsem's writers is in no queue while it waits for readers. */
static bool look_for_readers(struct vmon_blocked *found, struct task_struct *task,
			     unsigned int function)
{
	unsigned int i, end = min(stack->count, function + CLAIM_WORDS);
	unsigned long rt_mutex;
	struct lock_queue queue;

	*found = (struct vmon_blocked) { .kind = VMON_LOCK_RWSEM_WRITE };
	for (i = 0; i < end; i++) {
		rt_mutex = lock_state_of_claimed_rwsem(found, stack->words[i], task);
		if (rt_mutex) {
			queue = lock_queue_of_rt_mutex(rt_mutex, 0);
			tell_queue(found, &queue);
			return true;
		}
	}
	return false;
}

/* The rt_mutex that the task says it waits for. */
static bool look_at_rt_mutex(struct vmon_blocked *found, const struct task_struct *task,
			     unsigned long waiter, enum vmon_lock_kind kind)
{
	unsigned long rt_mutex = rt_mutex_of_waiter(waiter, task);
	struct lock_queue queue = lock_queue_of_rt_mutex(rt_mutex, waiter);

	*found = (struct vmon_blocked) { .kind = kind };
	tell_queue(found, &queue);
	return queue.lock && lock_state_of_rt_mutex(found, rt_mutex);
}

/*
 * Whether the task may wait for a lock, in which function, and for which kind. None of that
 * changes while it is switched out.
 */
static bool seems_to_wait(struct task_struct *task, int *function, enum vmon_lock_kind *kind)
{
	bool has_rt_waiter;

	if (!copy_stack(task))
		return false;
	has_rt_waiter = is_on_stack((unsigned long)READ_ONCE(task->pi_blocked_on));
	/* Names of functions are dear. */
	if (!has_rt_waiter && !IS_ENABLED(CONFIG_PREEMPT_RT) && next_waiter(task, 0) == stack->count)
		return false;
	*function = lock_functions_find(stack->words, stack->count, kind);
	if (has_rt_waiter && !IS_ENABLED(CONFIG_PREEMPT_RT))
		*kind = VMON_LOCK_RT_MUTEX;
	return has_rt_waiter || *function >= 0;
}

/* One look; false if nothing was found. */
static bool look(struct vmon_blocked *found, struct task_struct *task, int function,
		 enum vmon_lock_kind kind)
{
	unsigned long rt_waiter = (unsigned long)READ_ONCE(task->pi_blocked_on);

	if (!copy_stack(task))
		return false;
	if (is_on_stack(rt_waiter))
		return look_at_rt_mutex(found, task, rt_waiter, kind);
	if (function < 0)
		return false;
	return look_for_waiter(found, task, function, kind) ||
	       (kind == VMON_LOCK_RWSEM_WRITE && look_for_readers(found, task, function));
}

static bool same_lock(const struct vmon_blocked *one, const struct vmon_blocked *other)
{
	return one->kind == other->kind && one->lock == other->lock;
}

static bool same_owner(const struct vmon_blocked *one, const struct vmon_blocked *other)
{
	return one->flags == other->flags && one->owner_pid == other->owner_pid &&
	       one->owner_start_time_ns == other->owner_start_time_ns;
}

static void drop_owner(struct vmon_blocked *found)
{
	found->flags &= ~(VMON_BLOCKED_OWNER | VMON_BLOCKED_OWNER_EXITED);
	found->owner_pid = 0;
	found->owner_tgid = 0;
	found->owner_start_time_ns = 0;
	memset(found->owner_comm, 0, sizeof(found->owner_comm));
}

/* Looks until two looks agree. A lock that only changes its owner all the time is told without. */
static bool find(struct vmon_blocked *found, struct task_struct *task)
{
	unsigned long switches = task_switches(task);
	struct vmon_blocked before, now;
	enum vmon_lock_kind kind;
	unsigned int tries;
	bool sure = false;
	int function;

	if (!seems_to_wait(task, &function, &kind))
		return false;
	for (tries = 0; tries < TRIES && !READ_ONCE(task->on_cpu); tries++) {
		if (!look(&before, task, function, kind) || !look(&now, task, function, kind) ||
		    !same_lock(&before, &now))
			continue;
		sure = true;
		*found = now;
		if (same_owner(&before, &now))
			break;
		drop_owner(found);
	}
	/* If it ran, what was its stack is anything now. */
	return sure && !READ_ONCE(task->on_cpu) && task_switches(task) == switches;
}

bool lock_find(struct vmon_blocked *found, struct task_struct *task)
{
	return works && find(found, task);
}

bool lock_finder_works(void)
{
	return works;
}

int lock_finder_init(void)
{
	int error;

	stack = kvmalloc(sizeof(*stack), GFP_KERNEL);
	if (!stack)
		return -ENOMEM;
	works = true;
	error = lock_self_test(&works);
	if (error)
		lock_finder_exit();
	else if (!works)
		pr_notice("dumps do not tell which locks tasks wait for: this kernel's locks are not as expected\n");
	return error;
}

void lock_finder_exit(void)
{
	kvfree(stack);
}
