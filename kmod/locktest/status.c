// SPDX-License-Identifier: GPL-2.0-only
/* Who holds what, who waits for what, and how it ended. */
#include "run.h"

#include <linux/seq_file.h>

static bool is_held(const struct test_lock *lock)
{
	const struct test_lock *held;
	unsigned int i, k;

	for (i = 0; i < run.count; i++) {
		for (k = 0; k < MAX_STEPS; k++) {
			held = READ_ONCE(run.threads[i].held[k]);
			if (held && held->lock == lock->lock)
				return true;
		}
	}
	return false;
}

/* Whether each thread that is left waits for a lock that one of them holds, or held when it ended. */
static bool is_deadlocked(void)
{
	const struct test_lock *wanted;
	unsigned int waiting = 0;
	unsigned int i;

	for (i = 0; i < run.count; i++) {
		if (READ_ONCE(run.threads[i].done))
			continue;
		wanted = READ_ONCE(run.threads[i].wanted);
		if (!wanted || !is_held(wanted))
			return false;
		waiting++;
	}
	return waiting > 0;
}

static const char *state(void)
{
	if (!run.scenario)
		return "idle";
	if (scenario_is_running())
		return is_deadlocked() ? "deadlocked" : "running";
	if (!run.ending && !atomic_read(&run.gave_up))
		return "finished";
	return run.told ? "recovered" : "timed_out";
}

static void show_thread(struct seq_file *to, unsigned int number, const struct thread *thread)
{
	const struct test_lock *wanted = READ_ONCE(thread->wanted);
	const struct test_lock *held;
	const char *before = "";
	int i;

	seq_printf(to, "thread_%u_pid: %d\n", number, thread->pid);
	seq_printf(to, "thread_%u_holds: ", number);
	for (i = 0; i < MAX_STEPS; i++) {
		held = READ_ONCE(thread->held[i]);
		if (!held)
			continue;
		seq_printf(to, "%s%s", before, held->name);
		before = " ";
	}
	seq_puts(to, *before ? "\n" : "-\n");
	seq_printf(to, "thread_%u_waits_for: %s\n", number, wanted ? wanted->name : "-");
}

/**
 * scenario_show() - prints the status file: lines `name: value`
 * @to: the file
 *
 * state is one of
 *	idle		nothing was ever started
 *	running		no deadlock, or not yet
 *	deadlocked	every thread that is left waits for another, or for one that is gone
 *	finished	every thread took all its steps
 *	recovered	ended when told
 *	timed_out	ended after timeout_ms
 */
void scenario_show(struct seq_file *to)
{
	unsigned int i;

	mutex_lock(&control);
	seq_printf(to, "scenario: %s\n", run.scenario ? run.scenario->name : "-");
	seq_printf(to, "state: %s\n", state());
	seq_printf(to, "threads: %u\n", run.count);
	seq_printf(to, "gave_up: %d\n", atomic_read(&run.gave_up));
	for (i = 0; i < run.count; i++)
		show_thread(to, i + 1, &run.threads[i]);
	mutex_unlock(&control);
}
