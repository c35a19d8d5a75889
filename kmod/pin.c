// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/userfaultfd_k.h>

#include "compat/pin.h"
#include "pin.h"

void pin_uncharge(struct mm_struct *mm)
{
	atomic64_dec(&mm->pinned_vm);
}

int pin_charge(struct mm_struct *mm)
{
	u64 pages = atomic64_inc_return(&mm->pinned_vm) + READ_ONCE(mm->locked_vm);

	if (pages <= rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT || capable(CAP_IPC_LOCK))
		return 0;
	pin_uncharge(mm);
	return -ENOMEM;
}

int pin_page(struct mm_struct *mm, unsigned long address, struct page **page)
{
	struct vm_area_struct *vma = find_vma(mm, address);
	unsigned int how = FOLL_LONGTERM | FOLL_NOWAIT;
	bool paged;
	long pinned;

	if (!vma || vma->vm_start > address)
		return -EFAULT;
	/* For some of its faults the kernel does not ask the pager, but fails. */
	paged = userfaultfd_armed(vma) && vma_is_accessible(vma);
	pinned = compat_pin_user_page_remote(mm, address,
					     how | (vma->vm_flags & VM_WRITE ? FOLL_WRITE : 0), page);
	if (pinned == -EFAULT && vma->vm_flags & VM_WRITE && vma->vm_flags & VM_SHARED)
		pinned = compat_pin_user_page_remote(mm, address, how, page);
	switch (pinned) {
	case 1:
		return 0;
	case 0:
		return paged ? -EAGAIN : -EINPROGRESS;
	case -ENOMEM:
	case -EINTR:
	case -EAGAIN:
	case -EBUSY:
		return pinned;
	case -ERESTARTSYS:
		return -EINTR;
	}
	return paged ? -EAGAIN : -EFAULT;
}
