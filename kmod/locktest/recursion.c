// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is often taken for recursion, and recursion. Write 1 to a file in
 * /sys/kernel/debug/mutex_recursion/ to start it:
 *
 *   unlock_order   lock 1, lock 2, unlock 1, unlock 2: harmless
 *   recursion      lock 1, lock 1: the task waits for itself
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>

#include "files.h"
#include "scenario.h"

unsigned int timeout_ms = 10000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "a scenario is ended after so many ms, at most an hour (default 10000)");

unsigned int rescue = ALL_THREADS;
module_param(rescue, uint, 0644);
MODULE_PARM_DESC(rescue, "0: a deadlock lasts for good, and the module stays (default 3)");

static DEFINE_MUTEX(mutex_1);
static DEFINE_MUTEX(mutex_2);

static const struct test_lock lock_1 = { "mutex_1", &mutex_kind, &mutex_1 };
static const struct test_lock lock_2 = { "mutex_2", &mutex_kind, &mutex_2 };

static const struct scenario unlock_order = { "unlock_order", {
	{ TAKE_LOCK(lock_1), TAKE_LOCK(lock_2), RELEASE_LOCK(lock_1), RELEASE_LOCK(lock_2) } } };

static const struct scenario recursion = { "recursion", {
	{ TAKE_LOCK(lock_1), TAKE_LOCK(lock_1) } }, .recursive = true };

static int __init mutex_recursion_init(void)
{
	files_create("mutex_recursion");
	files_add_start(&unlock_order);
	files_add_start(&recursion);
	return 0;
}

static void __exit mutex_recursion_exit(void)
{
	files_remove();
	scenario_end();
}

module_init(mutex_recursion_init);
module_exit(mutex_recursion_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: a mutex locked twice, and two unlocked out of order");
