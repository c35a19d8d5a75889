/* SPDX-License-Identifier: GPL-2.0-only */
/* Holding on to the page that a process sees at an address. */
#ifndef VMON_PIN_H
#define VMON_PIN_H

#include <linux/types.h>

struct mm_struct;
struct page;

/*
 * Pins what the process sees at that address, or one of these: -EFAULT; -ENOMEM; -EINTR;
 * -EINPROGRESS if it is still to be read from a disk or a server, which has begun; -EAGAIN if a
 * user-space pager (userfaultfd) is to fill it, once the process asks for it; -EBUSY if it
 * cannot be moved to where it may be pinned for long. Given back by unpin_user_page().
 *
 * Only a pin for writing and for long survives copy-on-write; a mapping that the process cannot
 * write has none to survive until its protection changes, which the mmu notifier tells, and
 * shared mappings of some files refuse writers. Of a huge page all is kept in memory, but
 * pin_charge() counts one small page, as for all who pin without asking what a page is part of.
 *
 * The caller holds the mmap lock. Sleeps; a file system that cannot read ahead may make it wait.
 */
int pin_page(struct mm_struct *mm, unsigned long address, struct page **page);

/*
 * Count one more page as pinned by mm, against the caller's RLIMIT_MEMLOCK (-ENOMEM
 * past it), and one less. As in drivers/infiniband/core/umem.c: mm->pinned_vm needs
 * no lock, while account_locked_vm() takes the mmap lock for writing. mm need not
 * have users any more. Any context.
 */
int pin_charge(struct mm_struct *mm);
void pin_uncharge(struct mm_struct *mm);

#endif
