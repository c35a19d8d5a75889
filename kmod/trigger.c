// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "dump.h"
#include "hits.h"
#include "parameters.h"
#include "trigger.h"

struct workqueue_struct *vmon_workqueue;

static u64 earliest_start;		/* of the next dump, in jiffies; written by dump_work */
static u64 dump_count;
static u64 dump_time_ns;

static void schedule_dump(struct work_struct *work);
static void run_dump(struct work_struct *work);

static DECLARE_WORK(trigger_work, schedule_dump);
static DECLARE_DELAYED_WORK(dump_work, run_dump);

void trigger_dump(void)
{
	queue_work(vmon_workqueue, &trigger_work);
}

/* A timer may not be started from a tick on PREEMPT_RT, so the delay is set here. */
static void schedule_dump(struct work_struct *work)
{
	u64 earliest = READ_ONCE(earliest_start), now = get_jiffies_64();

	queue_delayed_work(vmon_workqueue, &dump_work, earliest > now ? earliest - now : 0);
}

/* ---- requests ---- */

struct request {
	refcount_t references;		/* its caller's, and the list's or the dump's */
	struct list_head in_requests;
	struct pid *process;
	struct completion done;
	u64 dump_id;			/* 0: the buffer had no room */
};

/* Protects all below, and in_requests. Innermost; raw, because a tracepoint takes it. */
static DEFINE_RAW_SPINLOCK(trigger_lock);
static LIST_HEAD(requests);
static unsigned int request_count;
static struct hung_task hung[DUMP_HUNG_MAX];
static unsigned int hung_count;
static u64 unnamed_hung_tasks;

static void request_put(struct request *request)
{
	if (!refcount_dec_and_test(&request->references))
		return;
	put_pid(request->process);
	kfree(request);
}

static bool request_queue(struct request *request)
{
	bool room;

	raw_spin_lock(&trigger_lock);
	room = request_count < DUMP_REQUESTS_MAX;
	if (room) {
		list_add_tail(&request->in_requests, &requests);
		request_count++;
	}
	raw_spin_unlock(&trigger_lock);
	return room;
}

int trigger_request(struct pid *process, u64 *dump_id)
{
	struct request *request = kzalloc(sizeof(*request), GFP_KERNEL);
	int error = 0;

	if (!request)
		return -ENOMEM;
	refcount_set(&request->references, 2);
	request->process = get_pid(process);
	init_completion(&request->done);
	if (!request_queue(request)) {
		request_put(request);
		error = -EBUSY;
		goto put;
	}
	trigger_dump();
	if (wait_for_completion_interruptible(&request->done)) {
		error = -EINTR;
		goto put;
	}
	*dump_id = request->dump_id;
	if (!request->dump_id)
		error = -ENOBUFS;
put:
	request_put(request);
	return error;
}

/* ---- hung tasks ---- */

static struct tracepoint *hang_tracepoint;

/*
 * By khungtaskd, with preemption disabled, for each task that has hung too long, and again
 * while it does.
 */
static void hang_found(void *unused, struct task_struct *task)
{
	raw_spin_lock(&trigger_lock);
	if (hung_count == DUMP_HUNG_MAX) {
		unnamed_hung_tasks++;
	} else {
		struct hung_task *one = &hung[hung_count++];

		one->process = get_pid(task_tgid(task));
		one->pid = task->pid;
		one->start_time_ns = task->start_boottime;
		strscpy(one->comm, task->comm, sizeof(one->comm));
	}
	raw_spin_unlock(&trigger_lock);
	trigger_dump();
}

static void match_hang_tracepoint(struct tracepoint *tracepoint, void *unused)
{
	if (!strcmp(tracepoint->name, "sched_process_hang"))
		hang_tracepoint = tracepoint;
}

static int watch_for_hangs(void)
{
	/* Its own symbol is not exported. */
	for_each_kernel_tracepoint(match_hang_tracepoint, NULL);
	if (!hang_tracepoint) {
		pr_err("dump_on_hang: this kernel does not look for hung tasks\n");
		return -EOPNOTSUPP;
	}
	return tracepoint_probe_register(hang_tracepoint, hang_found, NULL);
}

static void stop_watching_for_hangs(void)
{
	tracepoint_probe_unregister(hang_tracepoint, hang_found, NULL);
	tracepoint_synchronize_unregister();
}

/* ---- the dump ---- */

/* Only a dump takes what waits, and dumps run one at a time. */
static bool cause_waits(void)
{
	return hits_wait() || READ_ONCE(request_count) || READ_ONCE(hung_count);
}

/* All that waits for a dump. */
static void take_causes(struct dump_causes *causes, struct list_head *taken)
{
	struct request *request;

	memset(causes, 0, sizeof(*causes));
	causes->hits = hits_take();
	raw_spin_lock(&trigger_lock);
	list_replace_init(&requests, taken);
	request_count = 0;
	memcpy(causes->hung, hung, hung_count * sizeof(*hung));
	causes->hung_count = hung_count;
	hung_count = 0;
	raw_spin_unlock(&trigger_lock);
	list_for_each_entry(request, taken, in_requests)
		causes->requested[causes->request_count++] = request->process;
}

static void release_causes(struct dump_causes *causes, struct list_head *taken, u64 dump_id)
{
	struct request *request, *next;
	unsigned int i;

	list_for_each_entry_safe(request, next, taken, in_requests) {
		request->dump_id = dump_id;
		complete(&request->done);
		request_put(request);
	}
	for (i = 0; i < causes->hung_count; i++)
		put_pid(causes->hung[i].process);
	if (causes->hits)
		hits_mute(causes->hits);
}

static void run_dump(struct work_struct *work)
{
	static struct dump_causes causes;	/* dumps run one at a time */
	u64 began = ktime_get_ns(), dump_id;
	LIST_HEAD(taken);

	/* An earlier run may have taken what this one was queued for: then no gap begins. */
	if (!cause_waits())
		return;
	/* Before the causes are taken: what comes after them waits for the gap. */
	WRITE_ONCE(earliest_start, get_jiffies_64() + msecs_to_jiffies(dump_gap_ms));
	take_causes(&causes, &taken);
	dump_id = dump_run(&causes);
	WRITE_ONCE(dump_count, dump_count + 1);
	WRITE_ONCE(dump_time_ns, dump_time_ns + ktime_get_ns() - began);
	release_causes(&causes, &taken, dump_id);
}

int trigger_init(void)
{
	int error;

	/* A dump shall come though there is no memory for one more worker. */
	vmon_workqueue = alloc_workqueue("variable_monitor", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!vmon_workqueue)
		return -ENOMEM;
	error = dump_on_hang ? watch_for_hangs() : 0;
	if (error)
		destroy_workqueue(vmon_workqueue);
	return error;
}

void trigger_exit(void)
{
	struct request *request, *next;

	if (dump_on_hang)
		stop_watching_for_hangs();
	cancel_work_sync(&trigger_work);
	cancel_delayed_work_sync(&dump_work);
	hits_stop();
	destroy_workqueue(vmon_workqueue);
	/* Whoever asked was interrupted, or the device would be open still. */
	list_for_each_entry_safe(request, next, &requests, in_requests)
		request_put(request);
	while (hung_count)
		put_pid(hung[--hung_count].process);
}

struct dump_totals trigger_totals(void)
{
	return (struct dump_totals) {
		.dumps = READ_ONCE(dump_count),
		.time_ns = READ_ONCE(dump_time_ns),
		.unnamed_hung_tasks = READ_ONCE(unnamed_hung_tasks),
	};
}
