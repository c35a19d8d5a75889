/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages in which watched variables lie. A page of an address space is
 * resolved, pinned and charged once, however many watches lie in it. When the
 * kernel is about to change what the process sees there, a notifier disarms
 * the page's watches first; then the page is resolved again, or its watches end.
 */
#ifndef VMON_WATCHED_PAGE_H
#define VMON_WATCHED_PAGE_H

#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include "watch.h"

struct watched_page {
	struct mmu_interval_notifier notifier;
	struct watched_space *space;
	unsigned long address;		/* of its first byte */
	unsigned int users;		/* watches, and who resolves it; under space->lock */
	struct mutex resolving;		/* the worker only tries; nothing that ends a watch takes it */

	/* Protects what follows; writers of the list also hold watches_lock. Not taken by ticks. */
	raw_spinlock_t lock;
	struct page *page;		/* pinned; NULL before the first time */
	struct list_head watches;
	bool valid;			/* page is what the process sees */
};

/*
 * The page of that address of mm, resolved, with one more user. The caller
 * holds a reference on mm's users. Sleeps, killably where it waits for mm's lock.
 * -EFAULT, -ENOMEM, -EAGAIN or -EINTR as an ERR_PTR.
 */
struct watched_page *watched_page_get(struct mm_struct *mm, unsigned long address);

/* Gives users back; the last one unpins the page. Sleeps, but never for the process's mmap lock. */
void watched_page_put(struct watched_page *page, unsigned int users);

/*
 * Put a watch that has a place in a timer group on its page's list, and take
 * it off again. While it is on it, the watch is armed whenever the page is
 * valid. The caller holds watches_lock.
 */
void watched_page_attach(struct watched_page *page, struct watch *watch);
void watched_page_detach(struct watch *watch);

/* -ENOMEM; and, when no session is open, the end of what work is left. Sleep. */
int watched_pages_init(void);
void watched_pages_exit(void);

#endif
