// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hash.h>
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

/* Some hundred return addresses are all that the stacks of a dump have. */
#define KNOWN_BITS 10
#define PROBES 8

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

/* What is to be known of the function around an address of the kernel's own code. */
struct function {
	unsigned long address;
	enum vmon_lock_kind kind;	/* that it waits for */
	bool spins;
	bool is_futex;
};

/*
 * What addresses were found to be: a name takes thousands of instructions. That code does not
 * move. Only dumps look here, one at a time.
 */
static struct function known[1 << KNOWN_BITS];

/* The function's name without what a compiler adds to it. */
static void name_of(unsigned long address, char name[KSYM_SYMBOL_LEN])
{
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

static void name_function(struct function *function, unsigned long address)
{
	char name[KSYM_SYMBOL_LEN];

	name_of(address, name);
	function->address = address;
	function->kind = kind_of(name);
	function->spins = match_string(spinning_functions, ARRAY_SIZE(spinning_functions),
				       name) >= 0;
	function->is_futex = strstarts(name, "futex_");
}

static const struct function *function_at(unsigned long address)
{
	static const struct function none = { .kind = VMON_LOCK_UNKNOWN };
	unsigned int hash = hash_long(address, KNOWN_BITS), i;
	struct function *function;

	/* Locks are no modules' business. */
	if (address < __START_KERNEL_map || address >= MODULES_VADDR)
		return &none;
	for (i = 0; i < PROBES; i++) {
		function = &known[(hash + i) % ARRAY_SIZE(known)];
		if (function->address == address)
			return function;
		if (!function->address)
			break;
	}
	if (i == PROBES)
		function = &known[hash];
	name_function(function, address);
	return function;
}

int lock_functions_find(const unsigned long *words, unsigned int count, enum vmon_lock_kind *kind)
{
	unsigned int i;

	*kind = VMON_LOCK_UNKNOWN;
	for (i = 0; i < min_t(unsigned int, count, WORDS_MAX); i++) {
		*kind = function_at(words[i])->kind;
		if (*kind != VMON_LOCK_UNKNOWN)
			return i;
	}
	return -1;
}

bool lock_functions_are_futex(const unsigned long *frames, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, count, LEAF_FRAMES); i++)
		if (function_at(frames[i])->is_futex)
			return true;
	return false;
}

bool lock_functions_spin(const unsigned long *frames, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, count, LEAF_FRAMES); i++)
		if (function_at(frames[i])->spins)
			return true;
	return false;
}
