// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "buffer.h"
#include "compat/ptrace.h"
#include "interval.h"
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
	put_pid(watch->process);
	kfree(watch);
	atomic_dec(&live_count);
}

/* Everything about the request that does not depend on the process. */
static int check_request(const struct vmon_watch *request)
{
	if (!is_power_of_2(request->length) || request->length > 8)
		return -EINVAL;
	if (request->comparison > VMON_LESS || request->flags & ~VMON_WATCH_UNSIGNED)
		return -EINVAL;
	if (request->reserved0 || request->reserved[0] || request->reserved[1])
		return -EINVAL;
	if (strnlen(request->name, sizeof(request->name)) == sizeof(request->name))
		return -ENAMETOOLONG;
	if (request->address >= TASK_SIZE_MAX)
		return -EFAULT;
	if ((request->address & (L1_CACHE_BYTES - 1)) + request->length > L1_CACHE_BYTES)
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

static struct watch *watch_create(const struct vmon_watch *request, u64 interval_ns,
				  struct pid *process)
{
	struct watch *watch;

	/* Else who starts, hits and ends again and again would fill memory, and the next dump. */
	if (atomic_inc_return(&live_count) > WATCHES_MAX) {
		atomic_dec(&live_count);
		return ERR_PTR(-ENOSPC);
	}
	watch = kzalloc(sizeof(*watch), GFP_KERNEL);
	if (!watch) {
		atomic_dec(&live_count);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&watch->references, 1);
	watch->id = atomic64_inc_return(&last_id);
	watch->address = request->address;
	watch->threshold = request->threshold;
	watch->interval_ns = interval_ns;
	watch->process = get_pid(process);
	watch->condition = condition_of(request->comparison, request->flags, request->threshold);
	watch->kind = value_kind_of(request->length, request->flags);
	watch->length = request->length;
	watch->comparison = request->comparison;
	watch->flags = request->flags;
	memcpy(watch->name, request->name, strlen(request->name));
	return watch;
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

int watch_start(struct list_head *session, struct vmon_watch *request)
{
	u64 interval_ns = interval_for_caller(request->interval_ns);
	int error = check_request(request);
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

	watch = watch_create(request, interval_ns, process);
	error = PTR_ERR_OR_ZERO(watch);
	if (error)
		goto put_process;
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

/* Ends watches that detach() was called for, linked by in_session. Sleeps. */
static void end_detached(struct list_head *detached)
{
	struct watch *watch, *next;

	list_for_each_entry_safe(watch, next, detached, in_session) {
		watched_page_put(watch->page, 1);
		watch_put(watch);
	}
}

int watch_cancel(struct list_head *session, u64 id)
{
	struct watch *watch;
	LIST_HEAD(detached);

	mutex_lock(&watches_lock);
	list_for_each_entry(watch, session, in_session) {
		if (watch->id == id) {
			detach(watch);
			list_move(&watch->in_session, &detached);
			break;
		}
	}
	mutex_unlock(&watches_lock);
	if (list_empty(&detached))
		return -ENOENT;
	end_detached(&detached);
	return 0;
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
		.pid = pid_nr(watch->process),
		.reason = reason,
	};

	memcpy(record.name, watch->name, sizeof(record.name));
	buffer_append(&record.record, VMON_RECORD_WATCH_END, sizeof(record), 0);
}

unsigned int watch_end_page(struct watched_page *page, enum vmon_watch_end_reason reason)
{
	struct watch *watch, *next;
	unsigned int ended = 0;
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
		watch_put(watch);
		ended++;
	}
	return ended;
}
