/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which lock of the kernel does a sleeping task wait for? Kernels for production do not say.
 * But whoever waits for a mutex, rwsem or semaphore has put a struct on its own stack that
 * names itself and is linked into the lock's list, whose head lies in the lock; and whoever
 * waits for an rt_mutex has a pointer to its own struct. Which kind of lock it is, the
 * functions tell that the task is in.
 *
 * Nothing is taken or waited for, and all is read without faults. A find is only told if
 * another look, while the task did not run, saw the same.
 */
#ifndef VMON_LOCK_FINDER_H
#define VMON_LOCK_FINDER_H

#include <variable_monitor.h>

struct task_struct;

/*
 * Tries itself out on locks of its own; what it cannot do here, it does not do later.
 * -ENOMEM. Sleeps.
 */
int lock_finder_init(void);
void lock_finder_exit(void);

/* Whether locks can be found on this kernel. */
bool lock_finder_works(void);

/*
 * Fills in kind, lock, owner, readers and queue; false if the task waits for no lock, or runs.
 * One caller at a time. Any context that can spare some ten microseconds.
 */
bool lock_find(struct vmon_blocked *found, struct task_struct *task);

/* lock_self_test.c: whether lock_find() knows locks whose state is known; -ENOMEM. Sleeps. */
int lock_self_test(bool *passed);

#endif
