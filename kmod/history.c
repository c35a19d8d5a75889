// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "buffer.h"
#include "dump.h"
#include "history.h"
#include "watch.h"

static_assert(sizeof(struct vmon_history) + VMON_HISTORY_MAX * sizeof(struct vmon_sample) <=
	      VMON_RECORD_SIZE_MAX);

/*
 * Protects both lists, and the fall of a process's references to 0. Dumps take it: nothing is
 * taken under it, and nothing waits.
 */
static DEFINE_MUTEX(histories_lock);
static LIST_HEAD(processes);
static LIST_HEAD(histories);		/* watches, by in_histories */

/* ---- processes ---- */

static struct watched_process *find_process(const struct pid *pid)
{
	struct watched_process *process;

	list_for_each_entry(process, &processes, in_processes)
		if (process->pid == pid)
			return process;
	return NULL;
}

struct watched_process *watched_process_get(struct pid *pid)
{
	struct watched_process *process, *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);

	mutex_lock(&histories_lock);
	process = find_process(pid);
	if (process) {
		refcount_inc(&process->references);
	} else if (fresh) {
		process = fresh;
		fresh = NULL;
		refcount_set(&process->references, 1);
		process->pid = get_pid(pid);
		list_add(&process->in_processes, &processes);
	}
	mutex_unlock(&histories_lock);
	kfree(fresh);
	return process ?: ERR_PTR(-ENOMEM);
}

void watched_process_put(struct watched_process *process)
{
	if (!refcount_dec_and_mutex_lock(&process->references, &histories_lock))
		return;
	list_del(&process->in_processes);
	mutex_unlock(&histories_lock);
	put_pid(process->pid);
	kfree(process);
}

/* ---- their memory ---- */

static size_t size_of(unsigned int capacity)
{
	return PAGE_ALIGN(sizeof(struct history) + capacity * sizeof(struct vmon_sample));
}

/* As io_uring does for its rings: all sessions of a user together. */
static int charge(struct user_struct *user, unsigned long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (atomic_long_add_return(pages, &user->locked_vm) <= limit || capable(CAP_IPC_LOCK))
		return 0;
	atomic_long_sub(pages, &user->locked_vm);
	return -ENOMEM;
}

static void uncharge(struct user_struct *user, unsigned long pages)
{
	atomic_long_sub(pages, &user->locked_vm);
}

struct history *history_create(unsigned int samples)
{
	size_t size = size_of(samples + 1);
	struct history *history;

	if (!samples)
		return NULL;
	if (charge(current_user(), size >> PAGE_SHIFT))
		return ERR_PTR(-ENOMEM);
	history = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!history) {
		uncharge(current_user(), size >> PAGE_SHIFT);
		return ERR_PTR(-ENOMEM);
	}
	history->payer = get_current_cred();
	history->capacity = samples + 1;
	return history;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	uncharge(history->payer->user, size_of(history->capacity) >> PAGE_SHIFT);
	put_cred(history->payer);
	kvfree(history);
}

/* ---- the dump ---- */

void history_enlist(struct watch *watch)
{
	mutex_lock(&histories_lock);
	list_add_tail(&watch->in_histories, &histories);
	mutex_unlock(&histories_lock);
}

void history_delist(struct watch *watch)
{
	mutex_lock(&histories_lock);
	list_del(&watch->in_histories);
	mutex_unlock(&histories_lock);
}

/*
 * Copies the samples, the oldest first, while ticks may write more. Those that they wrote over
 * meanwhile, or may be writing over, are left out. Returns how many there are, and in
 * *first which one of all is the first.
 */
static unsigned int copy_samples(const struct history *history, struct vmon_sample *to, u64 *first)
{
	u64 kept = history->capacity - 1, end, oldest, i;

	/* Pairs with history_add()'s release. */
	end = smp_load_acquire(&history->count);
	*first = end > kept ? end - kept : 0;
	for (i = *first; i < end; i++)
		to[i - *first] = history->samples[i % history->capacity];
	/* Pairs with history_add()'s: a sample that was written over is one that the count tells of. */
	smp_rmb();
	oldest = READ_ONCE(history->count);
	oldest = oldest > kept ? min(oldest - kept, end) : 0;
	memmove(to, to + (oldest - *first), (end - oldest) * sizeof(*to));
	*first = oldest;
	return end - oldest;
}

static void record_history(struct dump *dump, const struct watch *watch)
{
	struct vmon_history *record = dump->record;
	u64 before;

	*record = (struct vmon_history) {
		.watch_id = watch->id,
		.address = watch->address,
		.interval_ns = watch->interval_ns,
		.pid = pid_nr(watch->process->pid),
		.length = watch->length,
		.comparison = watch->comparison,
		.flags = watch->flags,
	};
	memcpy(record->name, watch->name, sizeof(record->name));
	record->count = copy_samples(watch->history, (struct vmon_sample *)(record + 1), &before);
	record->samples_before = before;
	buffer_append(&record->record, VMON_RECORD_HISTORY,
		      sizeof(*record) + record->count * sizeof(struct vmon_sample), dump->id);
}

/*
 * The watches of that process that have a history, each with a reference, those that ended and
 * wait for their dump among them.
 */
static unsigned int collect(struct dump *dump, const struct pid *pid)
{
	unsigned int count = 0;
	struct watch *watch;

	mutex_lock(&histories_lock);
	list_for_each_entry(watch, &histories, in_histories)
		if (watch->process->pid == pid && refcount_inc_not_zero(&watch->references))
			dump->histories[count++] = watch;
	mutex_unlock(&histories_lock);
	return count;
}

void histories_record(struct dump *dump, const struct pid *pid)
{
	unsigned int count = collect(dump, pid), i;

	for (i = 0; i < count; i++) {
		record_history(dump, dump->histories[i]);
		watch_put(dump->histories[i]);
	}
}

void histories_go_on(const struct pid *pid)
{
	struct watched_process *process;

	mutex_lock(&histories_lock);
	process = find_process(pid);
	if (process)
		WRITE_ONCE(process->histories_end_ns, 0);
	mutex_unlock(&histories_lock);
}
