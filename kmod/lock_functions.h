/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's functions that a task is in say about its waiting. They are known by
 * name: no module may ask for their addresses, and compilers add suffixes to them.
 */
#ifndef VMON_LOCK_FUNCTIONS_H
#define VMON_LOCK_FUNCTIONS_H

#include <linux/types.h>
#include <variable_monitor.h>

/*
 * The lowest of the words, read from a stack, that is the return address into a function
 * that waits for a lock: its index, and the kind of lock. -1 and unknown if there is none.
 *
 * This and the others: one caller at a time.
 */
int lock_functions_find(const unsigned long *words, unsigned int count, enum vmon_lock_kind *kind);

/* Whether kernel frames, leaf first, are those of waiting on a futex, or of spinning. */
bool lock_functions_are_futex(const unsigned long *frames, unsigned int count);
bool lock_functions_spin(const unsigned long *frames, unsigned int count);

#endif
