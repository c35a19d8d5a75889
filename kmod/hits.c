// SPDX-License-Identifier: GPL-2.0-only
#include <asm/irq_regs.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/ptrace.h>
#include <linux/string.h>

#include "history.h"
#include "hits.h"
#include "timer_group.h"
#include "trigger.h"

unsigned int dump_reset_sec = 5;

/* Filled by ticks, emptied by the dump. */
static LLIST_HEAD(pending);
static atomic64_t hit_count;

/* Of watches whose dump is over, in the order of their dumps. */
static LIST_HEAD(muted);
static DEFINE_MUTEX(muted_lock);	/* nothing is taken under it */

static void unmute_due(struct work_struct *work);

static DECLARE_DELAYED_WORK(unmute_work, unmute_due);

/* What it compared the value with. */
static void note_tracker(struct hit *hit, const struct tracker *tracker)
{
	hit->ticks_held = tracker->ticks_held;
	if (!tracker->compared)
		return;
	hit->known = VMON_KNOWN_PREVIOUS;
	hit->previous = tracker->previous;
	hit->previous_ns = tracker->previous_ns;
	hit->unchanged_ns = tracker->unchanged_ns;
}

void hit_record(struct watch *watch, u64 value, u64 tick_ns)
{
	struct pt_regs *interrupted = get_irq_regs();

	watch->hit = (struct hit) {
		.value = value,
		.threshold = watch->threshold,
		.high = watch->high,
		.rearm = watch->rearm,
		.ticks_held = 1,
		.muted_ticks = watch->muted_ticks,
		.tick_ns = tick_ns,
		.tick_realtime_ns = ktime_get_real_fast_ns(),
		.running_ip = interrupted ? instruction_pointer(interrupted) : 0,
		.running_pid = current->pid,
		.cpu = smp_processor_id(),
	};
	memcpy(watch->hit.running_comm, current->comm, TASK_COMM_LEN);
	if (watch->slot_kind == SLOT_TRACKED)
		note_tracker(&watch->hit, &watch->tracker);
	watch->hits++;
	if (!READ_ONCE(watch->process->histories_end_ns))
		WRITE_ONCE(watch->process->histories_end_ns, tick_ns);
	refcount_inc(&watch->references);
	atomic64_inc(&hit_count);
	llist_add(&watch->in_pending, &pending);
}

bool hits_wait(void)
{
	return !llist_empty(&pending);
}

struct llist_node *hits_take(void)
{
	return llist_reverse_order(llist_del_all(&pending));
}

void hits_mute(struct llist_node *hits)
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

/* Moves those whose time has come, or that have ended, to `due`; when the next one's comes. */
static u64 take_due(u64 now, struct list_head *due)
{
	struct watch *watch, *following;
	u64 next = U64_MAX;

	mutex_lock(&muted_lock);
	list_for_each_entry_safe(watch, following, &muted, in_muted) {
		if (watch->unmute_at <= now || !READ_ONCE(watch->group))
			list_move_tail(&watch->in_muted, due);
		else
			next = min(next, watch->unmute_at);
	}
	mutex_unlock(&muted_lock);
	return next;
}

/*
 * Unmutes the watches whose time has come, and comes back for the next one. Without
 * muted_lock, which dumps need: watches_lock may be held by one who waits for a CPU.
 */
static void unmute_due(struct work_struct *work)
{
	struct watch *watch, *following;
	u64 now = get_jiffies_64(), next;
	LIST_HEAD(due);

	next = take_due(now, &due);
	list_for_each_entry_safe(watch, following, &due, in_muted) {
		mutex_lock(&watches_lock);
		if (watch->group)
			timer_group_unmute(watch);
		mutex_unlock(&watches_lock);
		watch_put(watch);
		cond_resched();
	}
	if (next != U64_MAX)
		queue_delayed_work(vmon_workqueue, &unmute_work, next - now);
}

void hits_drop_ended(void)
{
	mod_delayed_work(vmon_workqueue, &unmute_work, 0);
}

void hits_stop(void)
{
	struct watch *watch, *next;

	cancel_delayed_work_sync(&unmute_work);
	llist_for_each_entry_safe(watch, next, llist_del_all(&pending), in_pending)
		watch_put(watch);
	list_for_each_entry_safe(watch, next, &muted, in_muted)
		watch_put(watch);
}

u64 hits_count(void)
{
	return atomic64_read(&hit_count);
}
