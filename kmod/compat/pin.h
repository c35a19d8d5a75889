/* SPDX-License-Identifier: GPL-2.0-only */
/* pin_user_pages_remote() lost its vmas argument in 6.5. */
#ifndef VMON_COMPAT_PIN_H
#define VMON_COMPAT_PIN_H

#include <linux/mm.h>
#include <linux/version.h>

/* Pins one page; the caller holds the mmap lock. Returns as the kernel's: 1 is success. */
static inline long compat_pin_user_page_remote(struct mm_struct *mm, unsigned long address,
					       unsigned int gup_flags, struct page **page)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return pin_user_pages_remote(mm, address, 1, gup_flags, page, NULL);
#else
	return pin_user_pages_remote(mm, address, 1, gup_flags, page, NULL, NULL);
#endif
}

#endif
