/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking at a process's mappings without ever being stuck with it. One that runs holds its
 * mmap lock for microseconds, so a little patience helps; a stuck one may hold it for good.
 */
#ifndef VMON_MAPPINGS_LOCK_H
#define VMON_MAPPINGS_LOCK_H

#include <linux/types.h>

struct mm_struct;

/* Takes mm's mmap lock for reading; false if it is held for longer than is left of patience. Sleeps. */
bool mappings_lock(struct mm_struct *mm);
void mappings_unlock(struct mm_struct *mm);

/* A dump begins, and with it new patience. */
void mappings_lock_begin_dump(void);

#endif
