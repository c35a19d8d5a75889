// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "buffer.h"
#include "compat/ptrace.h"
#include "history.h"
#include "hits.h"
#include "interval.h"
#include "request.h"
#include "timer_group.h"
#include "watch.h"
#include "watched_page.h"

DEFINE_MUTEX(watches_lock);

static atomic64_t last_id;

/* Watches that were not freed: a hit keeps its watch until after its dump. */
static atomic_t live_count;

void watch_put(struct watch *watch)
{
	if (!refcount_dec_and_test(&watch->references))
		return;
	if (watch->history)
		history_delist(watch);
	history_free(watch->history);
	watched_process_put(watch->process);
	kfree(watch);
	atomic_dec(&live_count);
}

/* Everything about the request that does not depend on the process. */
static int check_request(const struct vmon_watch_condition *request)
{
	const struct vmon_watch *watch = &request->watch;

	if (watch->reserved0 || memchr_inv(watch->reserved, 0, sizeof(watch->reserved)) ||
	    memchr_inv(request->reserved, 0, sizeof(request->reserved)))
		return -EINVAL;
	if (!condition_is_valid(request))
		return -EINVAL;
	if (request->ticks > VMON_TICKS_MAX || request->history > VMON_HISTORY_MAX)
		return -ERANGE;
	if (strnlen(watch->name, sizeof(watch->name)) == sizeof(watch->name))
		return -ENAMETOOLONG;
	if (watch->address >= TASK_SIZE_MAX)
		return -EFAULT;
	if ((watch->address & (L1_CACHE_BYTES - 1)) + watch->length > L1_CACHE_BYTES)
		return -EXDEV;
	return 0;
}

/* A reference on the memory of the process that the caller means, and on its pid. */
static struct mm_struct *find_process(pid_t number, struct pid **process)
{
	struct task_struct *task;
	struct mm_struct *mm;
	bool permitted;

	rcu_read_lock();
	task = number ? pid_task(find_vpid(number), PIDTYPE_PID) : current;
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (!task)
		return ERR_PTR(-ESRCH);

	mm = get_task_mm(task);
	/* ptrace_may_access() is not exported; this asks for what overrides it. */
	permitted = mm && (mm == current->mm || compat_ptrace_capable(task, mm));
	rcu_read_lock();
	*process = get_pid(task_tgid(task));
	rcu_read_unlock();
	put_task_struct(task);
	if (!mm || !*process) {
		if (mm)
			mmput(mm);
		put_pid(*process);
		return ERR_PTR(-ESRCH);
	}
	if (!permitted) {
		mmput(mm);
		put_pid(*process);
		return ERR_PTR(-EPERM);
	}
	return mm;
}

/* What a watch holds besides its own memory. */
static int watch_fill(struct watch *watch, struct pid *pid, unsigned int samples)
{
	struct history *history;

	watch->process = watched_process_get(pid);
	if (IS_ERR(watch->process))
		return PTR_ERR(watch->process);
	history = history_create(samples);
	if (IS_ERR(history)) {
		watched_process_put(watch->process);
		return PTR_ERR(history);
	}
	watch->history = history;
	if (history)
		history_enlist(watch);
	return 0;
}

void watch_set_condition(struct watch *watch, const struct vmon_watch_condition *request)
{
	watch->threshold = request->watch.threshold;
	watch->high = request->high;
	watch->rearm = request->rearm;
	if (watch->slot_kind == SLOT_TRACKED)
		watch->tracker = tracker_of(request);
	else
		watch->condition = value_condition(request, request->watch.threshold);
}

static struct watch *watch_create(const struct vmon_watch_condition *condition, u64 interval_ns,
				  struct pid *pid)
{
	const struct vmon_watch *request = &condition->watch;
	struct watch *watch;
	int error = -ENOMEM;

	/* Else who starts, hits and ends again and again would fill memory, and the next dump. */
	if (atomic_inc_return(&live_count) > WATCHES_MAX) {
		atomic_dec(&live_count);
		return ERR_PTR(-ENOSPC);
	}
	watch = kzalloc(sizeof(*watch), GFP_KERNEL);
	if (!watch)
		goto uncount;
	refcount_set(&watch->references, 1);
	watch->id = atomic64_inc_return(&last_id);
	watch->address = request->address;
	watch->interval_ns = interval_ns;
	watch->kind = value_kind_of(request->length, request->flags);
	watch->slot_kind = tracker_needed(condition) ? SLOT_TRACKED : watch->kind;
	watch->length = request->length;
	watch->comparison = request->comparison;
	watch->flags = request->flags;
	watch->ticks = condition->ticks ?: 1;
	memcpy(watch->name, request->name, strlen(request->name));
	watch_set_condition(watch, condition);
	error = watch_fill(watch, pid, condition->history);
	if (!error)
		return watch;

	kfree(watch);
uncount:
	atomic_dec(&live_count);
	return ERR_PTR(error);
}

static int attach(struct list_head *session, struct watch *watch, struct watched_page *page)
{
	int error;

	cpus_read_lock();
	mutex_lock(&watches_lock);
	error = timer_group_add(watch);
	if (!error) {
		watched_page_attach(page, watch);
		list_add_tail(&watch->in_session, session);
	}
	mutex_unlock(&watches_lock);
	cpus_read_unlock();
	return error;
}

/* Takes the watch out of everything but its session's list. The caller holds watches_lock. */
static void detach(struct watch *watch)
{
	watched_page_detach(watch);
	timer_group_remove(watch);
}

static int start(struct list_head *session, struct vmon_watch_condition *condition,
		 bool tells_condition)
{
	struct vmon_watch *request = &condition->watch;
	u64 interval_ns = interval_for_caller(request->interval_ns);
	int error = check_request(condition);
	struct watched_page *page;
	struct pid *process;
	struct mm_struct *mm;
	struct watch *watch;
	u64 id;

	if (error)
		return error;
	if (!interval_ns)
		return -ERANGE;
	mm = find_process(request->pid, &process);
	if (IS_ERR(mm))
		return PTR_ERR(mm);

	watch = watch_create(condition, interval_ns, process);
	error = PTR_ERR_OR_ZERO(watch);
	if (error)
		goto put_process;
	watch->tells_condition = tells_condition;
	page = watched_page_get(mm, request->address);
	error = PTR_ERR_OR_ZERO(page);
	if (error)
		goto put_watch;
	id = watch->id;		/* once attached, another thread may end it */
	error = attach(session, watch, page);
	if (error)
		goto put_page;
	request->id = id;
	goto put_process;

put_page:
	watched_page_put(page, 1);
put_watch:
	watch_put(watch);
put_process:
	put_pid(process);
	mmput(mm);
	return error;
}

int watch_start(struct list_head *session, struct vmon_watch_condition *request)
{
	return start(session, request, true);
}

int watch_start_plain(struct list_head *session, struct vmon_watch *request)
{
	struct vmon_watch_condition condition = { .watch = *request };
	int error = -EINVAL;

	if (request->comparison <= VMON_LESS && !(request->flags & ~VMON_WATCH_UNSIGNED))
		error = start(session, &condition, false);
	request->id = condition.watch.id;
	return error;
}

/* Ends watches that detach() was called for, linked by in_session. Sleeps. */
static void end_detached(struct list_head *detached)
{
	struct watch *watch, *next;
	bool muted = false;

	list_for_each_entry_safe(watch, next, detached, in_session) {
		muted |= watch->muted;
		watched_page_put(watch->page, 1);
		watch_put(watch);
	}
	if (muted)
		hits_drop_ended();
}

int watch_cancel(struct list_head *session, u64 id)
{
	struct watch *watch;
	LIST_HEAD(detached);

	mutex_lock(&watches_lock);
	watch = watch_find(session, id);
	if (watch) {
		detach(watch);
		list_move(&watch->in_session, &detached);
	}
	mutex_unlock(&watches_lock);
	if (!watch)
		return -ENOENT;
	end_detached(&detached);
	return 0;
}

struct watch *watch_find(struct list_head *session, u64 id)
{
	struct watch *watch;

	lockdep_assert_held(&watches_lock);
	list_for_each_entry(watch, session, in_session)
		if (watch->id == id)
			return watch;
	return NULL;
}

void watch_cancel_all(struct list_head *session)
{
	struct watch *watch;
	LIST_HEAD(detached);

	mutex_lock(&watches_lock);
	list_for_each_entry(watch, session, in_session)
		detach(watch);
	list_splice_init(session, &detached);
	mutex_unlock(&watches_lock);
	end_detached(&detached);
}

static void report_end(const struct watch *watch, enum vmon_watch_end_reason reason)
{
	struct vmon_watch_end record = {
		.watch_id = watch->id,
		.address = watch->address,
		.pid = pid_nr(watch->process->pid),
		.reason = reason,
	};

	memcpy(record.name, watch->name, sizeof(record.name));
	buffer_append(&record.record, VMON_RECORD_WATCH_END, sizeof(record), 0);
}

unsigned int watch_end_page(struct watched_page *page, enum vmon_watch_end_reason reason)
{
	struct watch *watch, *next;
	unsigned int ended = 0;
	bool muted = false;
	LIST_HEAD(detached);

	mutex_lock(&watches_lock);
	/* Only holders of watches_lock change the list. */
	list_for_each_entry_safe(watch, next, &page->watches, in_page) {
		detach(watch);
		list_move_tail(&watch->in_session, &detached);
	}
	mutex_unlock(&watches_lock);

	list_for_each_entry_safe(watch, next, &detached, in_session) {
		report_end(watch, reason);
		muted |= watch->muted;
		watch_put(watch);
		ended++;
	}
	if (muted)
		hits_drop_ended();
	return ended;
}
