/* SPDX-License-Identifier: GPL-2.0-only */
/* Holding on to the page that a process sees at an address. */
#ifndef VMON_PIN_H
#define VMON_PIN_H

#include <linux/types.h>

struct mm_struct;
struct page;

/*
 * Pins what the process sees at that address: 0, -EFAULT, -ENOMEM, -EAGAIN or
 * -EINTR. With `nowait` it does not wait for a page to be read from a disk, a server or a
 * user-space pager, and has -EAGAIN instead. Given back by unpin_user_page(). Only a pin for writing and for long
 * survives copy-on-write; a mapping that the process cannot write has none to
 * survive until its protection changes, which the mmu notifier tells, and shared
 * mappings of some files refuse writers. The caller holds the mmap lock. Sleeps.
 */
int pin_page(struct mm_struct *mm, unsigned long address, bool nowait, struct page **page);

/*
 * Count one more page as pinned by mm, against the caller's RLIMIT_MEMLOCK (-ENOMEM
 * past it), and one less. As in drivers/infiniband/core/umem.c: mm->pinned_vm needs
 * no lock, while account_locked_vm() takes the mmap lock for writing. mm need not
 * have users any more. Any context.
 */
int pin_charge(struct mm_struct *mm);
void pin_uncharge(struct mm_struct *mm);

#endif
