/* SPDX-License-Identifier: GPL-2.0-only */
/* The scenario that runs, or the last one: between thread.c, scenario.c and status.c. */
#ifndef LOCKTEST_RUN_H
#define LOCKTEST_RUN_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "scenario.h"

struct thread {
	struct task_struct *task;
	pid_t pid;
	const struct step *steps;
	bool rescuable;
	/* What it holds, with gaps, and what it waits for: others read it at any time. */
	const struct test_lock *held[MAX_STEPS];
	const struct test_lock *wanted;
	bool done;
};

struct run {
	const struct scenario *scenario;
	struct thread threads[MAX_THREADS];
	unsigned int count;
	struct task_struct *keeper;
	unsigned long timeout;
	unsigned long deadline;
	bool spins;
	bool for_good;		/* nobody can be rescued, so the module must stay */
	bool told;		/* to end */
	bool ending;
	bool ended;
	atomic_t here;		/* threads that came to the meeting */
	atomic_t gave_up;	/* threads that did not take all their steps */
};

/* Protects start and end, and those who look on. Never taken by threads or their keeper. */
extern struct mutex control;
extern struct run run;

/* Threads and keeper wait here for everything but locks. */
extern wait_queue_head_t news;

int follow_steps(void *thread);

#endif
