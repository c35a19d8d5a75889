// SPDX-License-Identifier: GPL-2.0-only
/* What a thread of a scenario does: its steps, one by one. */
#include "run.h"

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>

/* Spinning threads ask the clock themselves: the keeper may have no CPU left to run on. */
static bool is_over(void)
{
	return READ_ONCE(run.ending) || (run.spins && time_after(jiffies, run.deadline));
}

static const char *first_held(const struct thread *thread)
{
	const struct test_lock *lock;
	int i;

	for (i = 0; i < MAX_STEPS; i++) {
		lock = READ_ONCE(thread->held[i]);
		if (lock)
			return lock->name;
	}
	return "nothing";
}

static void note_held(struct thread *thread, const struct test_lock *old,
		      const struct test_lock *new)
{
	int i;

	for (i = 0; thread->held[i] != old; i++)
		;
	WRITE_ONCE(thread->held[i], new);
}

static bool holds(const struct thread *thread, const struct test_lock *lock)
{
	int i;

	for (i = 0; i < MAX_STEPS; i++)
		if (thread->held[i] == lock)
			return true;
	return false;
}

/* A frame of its own in the stacks. */
static noinline int take(struct thread *thread, const struct test_lock *lock)
{
	const struct lock_kind *kind = lock->kind;
	int error = 0;

	pr_info("Thread %s hold %s trying %s\n", current->comm, first_held(thread), lock->name);
	WRITE_ONCE(thread->wanted, lock);
	if (!thread->rescuable)
		kind->take(lock->lock);
	else if (is_over())
		error = -EINTR;
	else
		error = kind->try_take(lock->lock, is_over);
	WRITE_ONCE(thread->wanted, NULL);
	/*
	 * Since 5.15 a mutex goes to a task that waits for itself as soon as anything wakes it:
	 * it looks as if another one had handed it over. It must be unlocked once only.
	 */
	if (!error && holds(thread, lock))
		error = -EDEADLK;
	if (error) {
		pr_info("Thread %s gave up %s\n", current->comm, lock->name);
		return error;
	}
	note_held(thread, NULL, lock);
	pr_info("Thread %s got %s\n", current->comm, lock->name);
	return 0;
}

static void release(struct thread *thread, const struct test_lock *lock)
{
	/* In this order nobody is ever seen to wait for a lock that is free. */
	note_held(thread, lock, NULL);
	lock->kind->release(lock->lock);
}

static void release_all(struct thread *thread)
{
	int i;

	for (i = MAX_STEPS - 1; i >= 0; i--)
		if (thread->held[i])
			release(thread, thread->held[i]);
}

static bool all_here(void)
{
	return atomic_read(&run.here) == run.count;
}

static int meet(void)
{
	atomic_inc(&run.here);
	wake_up_all(&news);
	if (run.spins)
		while (!all_here() && !is_over())
			cpu_relax();
	else
		wait_event_interruptible(news, all_here() || is_over());
	return all_here() ? 0 : -EINTR;
}

static int sleep_for(unsigned int seconds)
{
	return wait_event_interruptible_timeout(news, is_over(), (long)seconds * HZ) ? -EINTR : 0;
}

static int take_step(struct thread *thread, const struct step *step)
{
	switch (step->action) {
	case TAKE:
		return take(thread, step->lock);
	case RELEASE:
		release(thread, step->lock);
		return 0;
	case MEET:
		return meet();
	case SLEEP:
		return sleep_for(READ_ONCE(*step->seconds));
	case END:
	case VANISH:
		break;
	}
	return 0;
}

/* A thread's life; data is its struct thread. */
int follow_steps(void *data)
{
	struct thread *thread = data;
	const struct step *step = thread->steps;
	int error = 0;

	/* From here on the keeper's signal arrives, or else take() sees that it is over. */
	if (thread->rescuable)
		allow_kernel_signal(SIGKILL);
	while (!error && step->action != END && step->action != VANISH)
		error = take_step(thread, step++);
	if (error)
		atomic_inc(&run.gave_up);
	if (error || step->action != VANISH)
		release_all(thread);
	/* Pairs with all_done(). */
	smp_store_release(&thread->done, true);
	wake_up_all(&news);
	return 0;
}
