// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs one scenario at a time: starts its threads, and a keeper that ends them when their
 * time is over or when it is told.
 */
#include "run.h"

#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#define MAX_TIMEOUT_MS (3600 * 1000)

DEFINE_MUTEX(control);
DECLARE_WAIT_QUEUE_HEAD(news);
struct run run = { .ended = true };

static bool all_done(void)
{
	unsigned int i;

	for (i = 0; i < run.count; i++)
		/* Pairs with follow_steps(). */
		if (!smp_load_acquire(&run.threads[i].done))
			return false;
	return true;
}

static void rescue_threads(void)
{
	unsigned int i;

	WRITE_ONCE(run.ending, true);
	wake_up_all(&news);
	for (i = 0; i < run.count; i++)
		if (run.threads[i].rescuable)
			send_sig(SIGKILL, run.threads[i].task, 1);
}

/* Until here even a thread that vanished is a task: who spins on a mutex looks at its owner. */
static void bury(struct thread *thread)
{
	int i;

	kthread_stop(thread->task);
	put_task_struct(thread->task);
	for (i = 0; i < MAX_STEPS; i++) {
		if (!thread->held[i])
			continue;
		thread->held[i]->kind->renew(thread->held[i]->lock);
		WRITE_ONCE(thread->held[i], NULL);
	}
}

static int keep(void *unused)
{
	unsigned int i;

	/* Interruptible, though no signal comes: nobody shall take the keeper for hung. */
	wait_event_interruptible_timeout(news, all_done() || READ_ONCE(run.told), run.timeout);
	if (!all_done())
		rescue_threads();
	wait_event_interruptible(news, all_done());
	for (i = 0; i < run.count; i++)
		bury(&run.threads[i]);
	if (run.for_good) {
		/* From here on rmmod waits for the end of this thread, too. */
		WRITE_ONCE(run.for_good, false);
		module_put(THIS_MODULE);
	}
	/* Pairs with collect(). */
	smp_store_release(&run.ended, true);
	wake_up_all(&news);
	return 0;
}

/* Waits until the run's end; then no thread of it executes anything in this module. */
static void collect(void)
{
	lockdep_assert_held(&control);
	if (!run.keeper)
		return;
	/*
	 * A keeper that is stopped before its first turn would never take it.
	 * Pairs with keep().
	 */
	wait_event(news, smp_load_acquire(&run.ended));
	kthread_stop(run.keeper);
	put_task_struct(run.keeper);
	run.keeper = NULL;
}

/* ---- start and end ---- */

static struct task_struct *create(int (*function)(void *), void *data, const char *name)
{
	struct task_struct *task = kthread_create(function, data, "%s", name);

	if (!IS_ERR(task))
		get_task_struct(task);
	return task;
}

static int create_thread(struct thread *thread, const struct step *steps, unsigned int number)
{
	char name[TASK_COMM_LEN];

	snprintf(name, sizeof(name), "Thread-%u", number);
	memset(thread, 0, sizeof(*thread));
	thread->task = create(follow_steps, thread, name);
	if (IS_ERR(thread->task))
		return PTR_ERR(thread->task);
	thread->pid = thread->task->pid;
	thread->steps = steps;
	return 0;
}

static int create_all(const struct scenario *scenario)
{
	unsigned int i;
	int error = 0;

	for (run.count = 0; run.count < MAX_THREADS; run.count++) {
		if (scenario->steps[run.count][0].action == END)
			break;
		error = create_thread(&run.threads[run.count], scenario->steps[run.count],
				      run.count + 1);
		if (error)
			goto bury_threads;
	}
	run.keeper = create(keep, NULL, "locktest-keeper");
	if (!IS_ERR(run.keeper))
		return 0;
	error = PTR_ERR(run.keeper);
	run.keeper = NULL;
bury_threads:
	for (i = 0; i < run.count; i++)
		bury(&run.threads[i]);
	run.count = 0;
	return error;
}

static bool has_spinlocks(const struct scenario *scenario)
{
	const struct step *first = scenario->steps[0];

	return first->action == TAKE && first->lock->kind->spins;
}

/* Each on a CPU of its own: one that spins leaves it to nobody. */
static void spread_threads(void)
{
	unsigned int cpu = cpumask_first(cpu_online_mask);
	unsigned int i;

	for (i = 0; i < run.count; i++) {
		kthread_bind(run.threads[i].task, cpu);
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
	}
}

static int start(const struct scenario *scenario)
{
	unsigned int limit = READ_ONCE(timeout_ms);
	unsigned int rescued = READ_ONCE(rescue);
	unsigned int i;
	int error;

	if (!limit || limit > MAX_TIMEOUT_MS)
		return -EINVAL;
	if (has_spinlocks(scenario) && num_online_cpus() < 2)
		return -EOPNOTSUPP;
	/* PREEMPT_RT's mutex sees this, warns, and never lets go of the task. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && scenario->recursive && rescued)
		return -EOPNOTSUPP;
	if (scenario_is_running())
		return -EBUSY;
	collect();
	/* What lasts for good keeps the module; sysfs lets this be called while rmmod is under way. */
	if (!rescued && !try_module_get(THIS_MODULE))
		return -ENODEV;
	error = create_all(scenario);
	if (error) {
		if (!rescued)
			module_put(THIS_MODULE);
		return error;
	}

	run.scenario = scenario;
	run.spins = has_spinlocks(scenario);
	run.for_good = !rescued;
	run.told = false;
	run.ending = false;
	run.ended = false;
	atomic_set(&run.here, 0);
	atomic_set(&run.gave_up, 0);
	run.timeout = msecs_to_jiffies(limit);
	run.deadline = jiffies + run.timeout;
	if (run.spins)
		spread_threads();
	for (i = 0; i < run.count; i++)
		run.threads[i].rescuable = run.count - i <= rescued;
	wake_up_process(run.keeper);
	/* All at once: one that spins on this CPU would keep the others from being woken. */
	preempt_disable();
	for (i = 0; i < run.count; i++)
		wake_up_process(run.threads[i].task);
	preempt_enable();
	return 0;
}

/**
 * scenario_start() - starts a scenario, which goes on after the return
 * @scenario: lives as long as the module
 *
 * Returns 0, -EBUSY while another one runs, -EINVAL for a timeout_ms out of its range,
 * -ENODEV for one that lasts for good while the module is being removed, or
 * -EOPNOTSUPP for what this machine cannot do: spinlocks on a single CPU, and on
 * PREEMPT_RT the rescue of a task that waits for itself.
 */
int scenario_start(const struct scenario *scenario)
{
	int error;

	mutex_lock(&control);
	error = start(scenario);
	mutex_unlock(&control);
	return error;
}

/**
 * scenario_end() - ends the scenario that runs, if any, and waits until it has ended
 *
 * Returns 0, or -EBUSY for one that was started to last for good.
 */
int scenario_end(void)
{
	int error = 0;

	mutex_lock(&control);
	if (scenario_is_running() && READ_ONCE(run.for_good)) {
		error = -EBUSY;
	} else {
		WRITE_ONCE(run.told, true);
		wake_up_all(&news);
		collect();
	}
	mutex_unlock(&control);
	return error;
}

bool scenario_is_running(void)
{
	return !READ_ONCE(run.ended);
}
