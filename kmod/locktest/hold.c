// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutexes held for a known time. Write 1 to a file in /sys/kernel/debug/mutex_hold/ to
 * start it:
 *
 *   one   lock 1, 3 s, unlock 1
 *   two   lock 1, 3 s, lock 2, unlock 1, 6 s, unlock 2
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>

#include "files.h"
#include "scenario.h"

unsigned int timeout_ms = 60000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "a scenario is ended after so many ms, at most an hour (default 60000)");

/* Nobody here waits for a lock. */
unsigned int rescue = ALL_THREADS;

static unsigned int first_seconds = 3;
module_param(first_seconds, uint, 0644);
MODULE_PARM_DESC(first_seconds, "how long mutex_1 is held, in seconds (default 3)");

static unsigned int second_seconds = 6;
module_param(second_seconds, uint, 0644);
MODULE_PARM_DESC(second_seconds, "how long mutex_2 is held, in seconds (default 6)");

static DEFINE_MUTEX(mutex_1);
static DEFINE_MUTEX(mutex_2);

static const struct test_lock lock_1 = { "mutex_1", &mutex_kind, &mutex_1 };
static const struct test_lock lock_2 = { "mutex_2", &mutex_kind, &mutex_2 };

static const struct scenario one = { "one", {
	{ TAKE_LOCK(lock_1), SLEEP_FOR(first_seconds), RELEASE_LOCK(lock_1) } } };

static const struct scenario two = { "two", {
	{ TAKE_LOCK(lock_1), SLEEP_FOR(first_seconds), TAKE_LOCK(lock_2), RELEASE_LOCK(lock_1),
	  SLEEP_FOR(second_seconds), RELEASE_LOCK(lock_2) } } };

static int __init mutex_hold_init(void)
{
	files_create("mutex_hold");
	files_add_start(&one);
	files_add_start(&two);
	return 0;
}

static void __exit mutex_hold_exit(void)
{
	files_remove();
	scenario_end();
}

module_init(mutex_hold_init);
module_exit(mutex_hold_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: mutexes held for seconds");
