// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/page.h>
#include <asm/pgtable.h>

#include "lock_functions.h"

/* The scheduler's frames, and that of the function itself, are over by then. */
#define WORDS_MAX 256

/* A leaf, and what an interrupt or an inlined function may put around it. */
#define LEAF_FRAMES 6

static const struct {
	const char *name;
	enum vmon_lock_kind kind;
} waiting_functions[] = {
#ifdef CONFIG_PREEMPT_RT
	{ "mutex_lock", VMON_LOCK_MUTEX },
	{ "mutex_lock_io", VMON_LOCK_MUTEX },
	{ "mutex_lock_interruptible", VMON_LOCK_MUTEX },
	{ "mutex_lock_killable", VMON_LOCK_MUTEX },
	{ "__ww_rt_mutex_lock", VMON_LOCK_MUTEX },
	{ "__rwbase_read_lock", VMON_LOCK_RWSEM_READ },
	{ "rwbase_write_lock", VMON_LOCK_RWSEM_WRITE },
	{ "rtlock_slowlock_locked", VMON_LOCK_SPINLOCK },
	{ "rt_mutex_lock", VMON_LOCK_RT_MUTEX },
	{ "rt_mutex_lock_interruptible", VMON_LOCK_RT_MUTEX },
	{ "rt_mutex_lock_killable", VMON_LOCK_RT_MUTEX },
	{ "rt_mutex_wait_proxy_lock", VMON_LOCK_RT_MUTEX },
#else
	{ "__mutex_lock", VMON_LOCK_MUTEX },
	{ "__ww_mutex_lock", VMON_LOCK_MUTEX },
	{ "rwsem_down_read_slowpath", VMON_LOCK_RWSEM_READ },
	{ "rwsem_down_write_slowpath", VMON_LOCK_RWSEM_WRITE },
#endif
	{ "__down", VMON_LOCK_SEMAPHORE },
	{ "__down_interruptible", VMON_LOCK_SEMAPHORE },
	{ "__down_killable", VMON_LOCK_SEMAPHORE },
	{ "__down_timeout", VMON_LOCK_SEMAPHORE },
	{ "__down_common", VMON_LOCK_SEMAPHORE },
	{ "___down_common", VMON_LOCK_SEMAPHORE },
};

static const char *const spinning_functions[] = {
	"queued_spin_lock_slowpath",
	"native_queued_spin_lock_slowpath",
	"__pv_queued_spin_lock_slowpath",
	"queued_read_lock_slowpath",
	"queued_write_lock_slowpath",
};

/* The function's name without what a compiler adds to it; empty if it is none of the kernel's. */
static void name_of(unsigned long address, char name[KSYM_SYMBOL_LEN])
{
	name[0] = '\0';
	/* Locks are no modules' business. */
	if (address < __START_KERNEL_map || address >= MODULES_VADDR)
		return;
	sprint_symbol_no_offset(name, address);
	name[strcspn(name, ". ")] = '\0';
}

static enum vmon_lock_kind kind_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(waiting_functions); i++)
		if (!strcmp(name, waiting_functions[i].name))
			return waiting_functions[i].kind;
	return VMON_LOCK_UNKNOWN;
}

int lock_functions_find(const unsigned long *words, unsigned int count, enum vmon_lock_kind *kind)
{
	char name[KSYM_SYMBOL_LEN];
	unsigned int i;

	*kind = VMON_LOCK_UNKNOWN;
	for (i = 0; i < min_t(unsigned int, count, WORDS_MAX); i++) {
		name_of(words[i], name);
		*kind = kind_of(name);
		if (*kind != VMON_LOCK_UNKNOWN)
			return i;
	}
	return -1;
}

bool lock_functions_are_futex(const unsigned long *frames, unsigned int count)
{
	char name[KSYM_SYMBOL_LEN];
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, count, LEAF_FRAMES); i++) {
		name_of(frames[i], name);
		if (strstarts(name, "futex_"))
			return true;
	}
	return false;
}

bool lock_functions_spin(const unsigned long *frames, unsigned int count)
{
	char name[KSYM_SYMBOL_LEN];
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, count, LEAF_FRAMES); i++) {
		name_of(frames[i], name);
		if (match_string(spinning_functions, ARRAY_SIZE(spinning_functions), name) >= 0)
			return true;
	}
	return false;
}
