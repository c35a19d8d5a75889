// SPDX-License-Identifier: GPL-2.0-only
#include <asm/irq_regs.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/ptrace.h>
#include <linux/string.h>

#include "dump.h"
#include "hits.h"
#include "parameters.h"
#include "timer_group.h"

struct workqueue_struct *vmon_workqueue;
unsigned int dump_reset_sec = 5;

/* Filled by ticks, emptied by the dump. */
static LLIST_HEAD(pending);
static atomic64_t hit_count;

/* Of watches whose dump is over, in the order of their dumps. */
static LIST_HEAD(muted);
static DEFINE_MUTEX(muted_lock);	/* taken inside no other lock */

static u64 last_dump_start;		/* jiffies; dump_work's own */
static u64 dump_count;
static u64 dump_time_ns;

static void schedule_dump(struct work_struct *work);
static void run_dump(struct work_struct *work);
static void unmute_due(struct work_struct *work);

static DECLARE_WORK(hit_work, schedule_dump);
static DECLARE_DELAYED_WORK(dump_work, run_dump);
static DECLARE_DELAYED_WORK(unmute_work, unmute_due);

void hit_record(struct watch *watch, u64 value, u64 tick_ns)
{
	struct pt_regs *interrupted = get_irq_regs();

	watch->hit = (struct hit) {
		.value = value,
		.tick_ns = tick_ns,
		.tick_realtime_ns = ktime_get_real_fast_ns(),
		.running_ip = interrupted ? instruction_pointer(interrupted) : 0,
		.running_pid = current->pid,
		.cpu = smp_processor_id(),
	};
	memcpy(watch->hit.running_comm, current->comm, TASK_COMM_LEN);
	refcount_inc(&watch->references);
	atomic64_inc(&hit_count);
	llist_add(&watch->in_pending, &pending);
	queue_work(vmon_workqueue, &hit_work);
}

/* A timer may not be started from a tick on PREEMPT_RT, so the delay is set here. */
static void schedule_dump(struct work_struct *work)
{
	u64 earliest = last_dump_start + msecs_to_jiffies(dump_gap_ms);
	u64 now = get_jiffies_64();

	queue_delayed_work(vmon_workqueue, &dump_work,
			   dump_count && earliest > now ? earliest - now : 0);
}

/* The dump's hits stay muted for dump_reset_sec from now on. */
static void mute(struct llist_node *hits)
{
	u64 unmute_at = get_jiffies_64() + (u64)READ_ONCE(dump_reset_sec) * HZ;
	struct watch *watch, *next;

	mutex_lock(&muted_lock);
	llist_for_each_entry_safe(watch, next, hits, in_pending) {
		watch->unmute_at = unmute_at;
		list_add_tail(&watch->in_muted, &muted);
	}
	mutex_unlock(&muted_lock);
	mod_delayed_work(vmon_workqueue, &unmute_work, 0);
}

static void run_dump(struct work_struct *work)
{
	struct llist_node *hits = llist_reverse_order(llist_del_all(&pending));
	u64 began = ktime_get_ns();

	if (!hits)
		return;
	WRITE_ONCE(last_dump_start, get_jiffies_64());
	dump_hits(hits);
	WRITE_ONCE(dump_count, dump_count + 1);
	WRITE_ONCE(dump_time_ns, dump_time_ns + ktime_get_ns() - began);
	mute(hits);
}

/* Unmutes the watches whose time has come, and comes back for the next one. */
static void unmute_due(struct work_struct *work)
{
	u64 now = get_jiffies_64(), next = U64_MAX;
	struct watch *watch, *following;

	mutex_lock(&muted_lock);
	list_for_each_entry_safe(watch, following, &muted, in_muted) {
		if (watch->unmute_at > now) {
			next = min(next, watch->unmute_at);
			continue;
		}
		list_del(&watch->in_muted);
		mutex_lock(&watches_lock);
		if (watch->group)
			timer_group_unmute(watch);
		mutex_unlock(&watches_lock);
		watch_put(watch);
	}
	mutex_unlock(&muted_lock);
	if (next != U64_MAX)
		queue_delayed_work(vmon_workqueue, &unmute_work, next - now);
}

void hits_stop(void)
{
	struct watch *watch, *next;

	cancel_work_sync(&hit_work);
	cancel_delayed_work_sync(&dump_work);
	cancel_delayed_work_sync(&unmute_work);
	llist_for_each_entry_safe(watch, next, llist_del_all(&pending), in_pending)
		watch_put(watch);
	list_for_each_entry_safe(watch, next, &muted, in_muted)
		watch_put(watch);
}

struct hit_totals hit_totals(void)
{
	return (struct hit_totals) {
		.hits = atomic64_read(&hit_count),
		.dumps = READ_ONCE(dump_count),
		.dump_time_ns = READ_ONCE(dump_time_ns),
	};
}
