// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "compat/locks.h"
#include "lock_queue.h"
#include "lock_state.h"

/* Tasks are aligned, so locks keep flags in these bits beside an owner. */
#define OWNER_FLAGS 7UL

/*
 * Names the owner if it lives. A task that is no more may have left its address behind, so
 * it is a task only if the table of pids says so.
 */
static void name_owner(struct vmon_blocked *found, unsigned long address)
{
	const struct task_struct *owner;
	pid_t pid;

	if (!address)
		return;
	found->flags |= VMON_BLOCKED_OWNER | VMON_BLOCKED_OWNER_EXITED;
	if (!kernel_may_be_task(address) ||
	    copy_from_kernel_nofault(&pid, &((struct task_struct *)address)->pid, sizeof(pid)))
		return;
	rcu_read_lock();
	owner = pid_task(find_pid_ns(pid, &init_pid_ns), PIDTYPE_PID);
	if (owner == (struct task_struct *)address) {
		found->owner_pid = owner->pid;
		found->owner_tgid = owner->tgid;
		found->owner_start_time_ns = owner->start_boottime;
		strscpy(found->owner_comm, owner->comm, sizeof(found->owner_comm));
		if (!READ_ONCE(owner->exit_state))
			found->flags &= ~VMON_BLOCKED_OWNER_EXITED;
	}
	rcu_read_unlock();
}

#ifdef COMPAT_MUTEX_IS_LISTED

/* Of the mutex's owner word and the rwsem's count: kernel/locking keeps these to itself. */
#define MUTEX_HAS_WAITERS 1
#define MUTEX_PICKUP 4			/* the owner was given it, and does not know yet */
#define RWSEM_WRITER 1
#define RWSEM_OWNER_READ 1		/* the owner's word is of a reader before */
#define RWSEM_HAS_WAITERS 2
#define RWSEM_READERS_SHIFT 8

static bool state_of_mutex(struct vmon_blocked *found, unsigned long head)
{
	struct mutex mutex;
	unsigned long owner;

	found->lock = head - offsetof(struct mutex, wait_list);
	if (!kernel_peek(&mutex, found->lock, sizeof(mutex)))
		return false;
	owner = atomic_long_read(&mutex.owner);
	if (!(owner & MUTEX_HAS_WAITERS))
		return false;
	if (!(owner & MUTEX_PICKUP))
		name_owner(found, owner & ~OWNER_FLAGS);
	return true;
}

static bool state_of_rwsem(struct vmon_blocked *found, unsigned long head)
{
	struct rw_semaphore rwsem;
	unsigned long count, owner;

	found->lock = head - offsetof(struct rw_semaphore, wait_list);
	if (!kernel_peek(&rwsem, found->lock, sizeof(rwsem)))
		return false;
	count = atomic_long_read(&rwsem.count);
	if (!(count & RWSEM_HAS_WAITERS))
		return false;
	/* While readers hold it, the owner's word is a hint about one of them at best. */
	owner = atomic_long_read(&rwsem.owner);
	if (count & RWSEM_WRITER) {
		if (!(owner & RWSEM_OWNER_READ))
			name_owner(found, owner & ~OWNER_FLAGS);
	} else {
		found->readers = count >> RWSEM_READERS_SHIFT;
		found->flags |= VMON_BLOCKED_READERS;
	}
	return true;
}

#else	/* none is on a list */

static bool state_of_mutex(struct vmon_blocked *found, unsigned long head)
{
	return false;
}

static bool state_of_rwsem(struct vmon_blocked *found, unsigned long head)
{
	return false;
}

#endif

#ifdef COMPAT_SEMAPHORE_IS_LISTED
static bool state_of_semaphore(struct vmon_blocked *found, unsigned long head)
{
	struct semaphore semaphore;

	found->lock = head - offsetof(struct semaphore, wait_list);
	return kernel_peek(&semaphore, found->lock, sizeof(semaphore)) && !semaphore.count;
}
#else
static bool state_of_semaphore(struct vmon_blocked *found, unsigned long head)
{
	return false;
}
#endif

bool lock_state_of_list(struct vmon_blocked *found, unsigned long head)
{
	switch (found->kind) {
	case VMON_LOCK_MUTEX:
		return state_of_mutex(found, head);
	case VMON_LOCK_RWSEM_READ:
	case VMON_LOCK_RWSEM_WRITE:
		return state_of_rwsem(found, head);
	case VMON_LOCK_SEMAPHORE:
		return state_of_semaphore(found, head);
	}
	return false;
}

#ifdef CONFIG_PREEMPT_RT

/* Readers, while a writer does not hold it; the bias says that none has claimed it. */
static void state_of_rt_rwsem(struct vmon_blocked *found, unsigned long rt_mutex)
{
	struct rw_semaphore rwsem;
	u32 readers;

	found->lock = rt_mutex - offsetof(struct rw_semaphore, rwbase.rtmutex);
	if (!kernel_peek(&rwsem, found->lock, sizeof(rwsem)))
		return;
	readers = atomic_read(&rwsem.rwbase.readers);
	if (readers != WRITER_BIAS) {
		found->readers = readers & ~READER_BIAS;
		found->flags |= VMON_BLOCKED_READERS;
	}
}

unsigned long lock_state_of_claimed_rwsem(struct vmon_blocked *found, unsigned long address,
					  const struct task_struct *task)
{
	struct rw_semaphore rwsem;
	unsigned long owner;
	u32 readers;

	if (!kernel_may_be_lock(address) || !kernel_peek(&rwsem, address, sizeof(rwsem)))
		return 0;
	owner = (unsigned long)rwsem.rwbase.rtmutex.owner & ~OWNER_FLAGS;
	readers = atomic_read(&rwsem.rwbase.readers);
	if (owner != (unsigned long)task || !readers || readers >= WRITER_BIAS)
		return 0;
	found->lock = address;
	found->readers = readers;
	found->flags |= VMON_BLOCKED_READERS;
	return address + offsetof(struct rw_semaphore, rwbase.rtmutex);
}

#else

static void state_of_rt_rwsem(struct vmon_blocked *found, unsigned long rt_mutex)
{
}

unsigned long lock_state_of_claimed_rwsem(struct vmon_blocked *found, unsigned long address,
					  const struct task_struct *task)
{
	return 0;
}

#endif

bool lock_state_of_rt_mutex(struct vmon_blocked *found, unsigned long rt_mutex)
{
	struct compat_rt_mutex mutex;

	/* The first member of a mutex, a spinlock and a struct rt_mutex. */
	found->lock = rt_mutex;
	if (!kernel_peek(&mutex, rt_mutex, sizeof(mutex)))
		return false;
	if (found->kind == VMON_LOCK_RWSEM_READ || found->kind == VMON_LOCK_RWSEM_WRITE)
		state_of_rt_rwsem(found, rt_mutex);
	name_owner(found, (unsigned long)mutex.owner & ~OWNER_FLAGS);
	return true;
}
