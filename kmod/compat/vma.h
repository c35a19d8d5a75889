/* SPDX-License-Identifier: GPL-2.0-only */
/* VMAs live in a maple tree since 6.1; the list through mm->mmap went with it. */
#ifndef VMON_COMPAT_VMA_H
#define VMON_COMPAT_VMA_H

#include <linux/mm.h>
#include <linux/version.h>

/* All VMAs of mm in ascending order; the caller holds its mmap lock. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
#define compat_for_each_vma(mm, vma)			\
	for (VMA_ITERATOR(compat_iterator, mm, 0);	\
	     ((vma) = vma_next(&compat_iterator)) != NULL;)
#else
#define compat_for_each_vma(mm, vma) for ((vma) = (mm)->mmap; (vma); (vma) = (vma)->vm_next)
#endif

#endif
