/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scenario: what each of up to three threads does with locks, step by step. One runs
 * at a time, with a keeper that ends it.
 */
#ifndef LOCKTEST_SCENARIO_H
#define LOCKTEST_SCENARIO_H

#include <linux/types.h>

#include "lock.h"

#define MAX_THREADS 3
#define MAX_STEPS 8

enum action {
	END,		/* releases all that the thread still holds */
	TAKE,		/* a lock */
	RELEASE,	/* a lock */
	MEET,		/* waits until every thread is here */
	SLEEP,		/* for seconds that are a parameter */
	VANISH,		/* the thread ends here, with the locks that it holds */
};

struct step {
	enum action action;
	const struct test_lock *lock;
	const unsigned int *seconds;
};

struct scenario {
	const char *name;
	struct step steps[MAX_THREADS][MAX_STEPS];
	bool recursive;		/* a task waits for itself */
};

#define TAKE_LOCK(which) { .action = TAKE, .lock = &(which) }
#define RELEASE_LOCK(which) { .action = RELEASE, .lock = &(which) }
#define MEET_ALL { .action = MEET }
#define SLEEP_FOR(parameter) { .action = SLEEP, .seconds = &(parameter) }
#define VANISH_HOLDING { .action = VANISH }

/* Parameters of each module, read when a scenario starts. */
extern unsigned int timeout_ms;
extern unsigned int rescue;

#define ALL_THREADS MAX_THREADS

struct seq_file;

int scenario_start(const struct scenario *scenario);
int scenario_end(void);
bool scenario_is_running(void);
void scenario_show(struct seq_file *to);

#endif
