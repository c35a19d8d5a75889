/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the kernel's sleeping locks lie in memory. Up to 6.12 at least a mutex, an rwsem and a
 * semaphore hold the head of a list of waiters; in 7.2 a pointer to the first waiter, and the
 * way from a waiter to its lock is gone. On PREEMPT_RT mutex and rwsem are made of an
 * rt_mutex, whose inner part became struct rt_mutex_base in 5.15.
 */
#ifndef VMON_COMPAT_LOCKS_H
#define VMON_COMPAT_LOCKS_H

#include <linux/mutex.h>
#include <linux/rtmutex.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define COMPAT_SEMAPHORE_IS_LISTED
#ifndef CONFIG_PREEMPT_RT
#define COMPAT_MUTEX_IS_LISTED
#endif
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 15, 0)
#define compat_rt_mutex rt_mutex_base
#else
#define compat_rt_mutex rt_mutex
#endif

#endif
