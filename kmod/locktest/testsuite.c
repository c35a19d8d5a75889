// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlocks on purpose, and cases that only look like one.
 *
 *   insmod abba.ko testsuite=N                      starts scenario N
 *   write N to /sys/module/abba/parameters/testsuite   the same later; 0 ends it
 *   /sys/kernel/debug/abba/                         status and stop; see files.c
 *
 * Every scenario ends after timeout_ms at the latest, and the module can always be
 * unloaded, unless rescue is 0: then a deadlock lasts until the next boot.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/spinlock.h>

#include "files.h"
#include "scenario.h"

unsigned int timeout_ms = 10000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "a scenario is ended after so many ms, at most an hour (default 10000)");

unsigned int rescue = ALL_THREADS;
module_param(rescue, uint, 0644);
MODULE_PARM_DESC(rescue, "threads that wait killably, from the last backwards; the others are in plain D state until these are rescued; 0: a deadlock lasts for good, and the module stays (default 3: all)");

static unsigned int hold_seconds = 5;
module_param(hold_seconds, uint, 0644);
MODULE_PARM_DESC(hold_seconds, "scenario 10: how long the sleeper holds its mutex, in seconds (default 5)");

static DEFINE_SPINLOCK(spinlock_a);
static DEFINE_SPINLOCK(spinlock_b);
static DEFINE_MUTEX(mutex_a);
static DEFINE_MUTEX(mutex_b);
static DEFINE_MUTEX(mutex_c);
static struct semaphore semaphore_a = __SEMAPHORE_INITIALIZER(semaphore_a, 1);
static struct semaphore semaphore_b = __SEMAPHORE_INITIALIZER(semaphore_b, 1);
static DECLARE_RWSEM(rwsem_a);
static DECLARE_RWSEM(rwsem_b);

static const struct test_lock spin_a = { "spinlock_a", &spinlock_kind, &spinlock_a };
static const struct test_lock spin_b = { "spinlock_b", &spinlock_kind, &spinlock_b };
static const struct test_lock mut_a = { "mutex_a", &mutex_kind, &mutex_a };
static const struct test_lock mut_b = { "mutex_b", &mutex_kind, &mutex_b };
static const struct test_lock mut_c = { "mutex_c", &mutex_kind, &mutex_c };
static const struct test_lock sem_a = { "semaphore_a", &semaphore_kind, &semaphore_a };
static const struct test_lock sem_b = { "semaphore_b", &semaphore_kind, &semaphore_b };
static const struct test_lock write_a = { "rwsem_a", &rwsem_write_kind, &rwsem_a };
static const struct test_lock write_b = { "rwsem_b", &rwsem_write_kind, &rwsem_b };
static const struct test_lock read_a = { "rwsem_a", &rwsem_read_kind, &rwsem_a };
static const struct test_lock read_b = { "rwsem_b", &rwsem_read_kind, &rwsem_b };

#define TAKE_FIRST_THEN(first, second) { TAKE_LOCK(first), MEET_ALL, TAKE_LOCK(second) }

/* By the number that testsuite takes. */
static const struct scenario scenarios[] = {
	[1] = { "spinlock", {
		TAKE_FIRST_THEN(spin_a, spin_b),
		TAKE_FIRST_THEN(spin_b, spin_a) } },
	[2] = { "mutex", {
		TAKE_FIRST_THEN(mut_a, mut_b),
		TAKE_FIRST_THEN(mut_b, mut_a) } },
	[3] = { "semaphore", {
		TAKE_FIRST_THEN(sem_a, sem_b),
		TAKE_FIRST_THEN(sem_b, sem_a) } },
	[4] = { "rwsem_write", {
		TAKE_FIRST_THEN(write_a, write_b),
		TAKE_FIRST_THEN(write_b, write_a) } },
	[5] = { "rwsem_read", {
		TAKE_FIRST_THEN(read_a, write_b),
		TAKE_FIRST_THEN(read_b, write_a) } },
	[6] = { "three_way", {
		TAKE_FIRST_THEN(mut_a, mut_b),
		TAKE_FIRST_THEN(mut_b, mut_c),
		TAKE_FIRST_THEN(mut_c, mut_a) } },
	[7] = { "mutex_semaphore", {
		TAKE_FIRST_THEN(mut_a, sem_b),
		TAKE_FIRST_THEN(sem_b, mut_a) } },
	[8] = { "recursion", {
		{ TAKE_LOCK(mut_a), TAKE_LOCK(mut_a) } }, .recursive = true },
	/* Harmless: the order of releasing is nobody's business. */
	[9] = { "unlock_order", {
		{ TAKE_LOCK(mut_a), TAKE_LOCK(mut_b), RELEASE_LOCK(mut_a), RELEASE_LOCK(mut_b) } } },
	/* Slow, but no deadlock. */
	[10] = { "sleeper", {
		{ TAKE_LOCK(mut_a), MEET_ALL, SLEEP_FOR(hold_seconds) },
		{ MEET_ALL, TAKE_LOCK(mut_a) } } },
	[11] = { "orphan", {
		{ TAKE_LOCK(mut_a), MEET_ALL, VANISH_HOLDING },
		{ MEET_ALL, TAKE_LOCK(mut_a) } } },
};

/* The parameter's lock protects both. */
static unsigned int testsuite;
static bool ready;

static int start_or_end(unsigned int number)
{
	return number ? scenario_start(&scenarios[number]) : scenario_end();
}

static int set_testsuite(const char *text, const struct kernel_param *parameter)
{
	unsigned int number;
	int error = kstrtouint(text, 10, &number);

	if (error)
		return error;
	if (number >= ARRAY_SIZE(scenarios))
		return -EINVAL;
	/* insmod sets parameters before it calls abba_init(). */
	error = ready ? start_or_end(number) : 0;
	if (!error)
		testsuite = number;
	return error;
}

static int get_testsuite(char *text, const struct kernel_param *parameter)
{
	return sysfs_emit(text, "%u\n", scenario_is_running() ? testsuite : 0);
}

static const struct kernel_param_ops testsuite_operations = {
	.set = set_testsuite,
	.get = get_testsuite,
};

module_param_cb(testsuite, &testsuite_operations, NULL, 0644);
MODULE_PARM_DESC(testsuite, "the scenario that runs: 0 none (default), 1 spinlocks, 2 mutexes, 3 semaphores, 4 rwsems for writing, 5 rwsems for reading and writing, 6 three mutexes, 7 mutex and semaphore, 8 a mutex locked twice, 9 unlocking out of order, 10 a sleeping owner, 11 an owner that is gone");

static int __init abba_init(void)
{
	int error;

	kernel_param_lock(THIS_MODULE);
	error = start_or_end(testsuite);
	ready = !error;
	kernel_param_unlock(THIS_MODULE);
	if (!error)
		files_create("abba");
	return error;
}

/* The parameter's file is there until after this. */
static void __exit abba_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	ready = false;
	kernel_param_unlock(THIS_MODULE);
	files_remove();
	scenario_end();
}

module_init(abba_init);
module_exit(abba_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: locks taken in the wrong order, and other deadlocks");
