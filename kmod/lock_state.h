/* SPDX-License-Identifier: GPL-2.0-only */
/* What a lock itself says: who holds it. Read without faults, and without taking it. */
#ifndef VMON_LOCK_STATE_H
#define VMON_LOCK_STATE_H

#include <variable_monitor.h>

/*
 * Fills in the lock's address, owner and readers, given its kind and the head of its list or
 * its rt_mutex. False if what lies there is no lock of that kind that has waiters. Any context.
 */
bool lock_state_of_list(struct vmon_blocked *found, unsigned long head);
bool lock_state_of_rt_mutex(struct vmon_blocked *found, unsigned long rt_mutex);

/*
 * PREEMPT_RT: whether that is an rwsem which the task has claimed for writing, but whose
 * readers it must wait for; its rt_mutex, or 0. Fills in address and readers.
 */
unsigned long lock_state_of_claimed_rwsem(struct vmon_blocked *found, unsigned long rwsem,
					  const struct task_struct *task);

#endif
