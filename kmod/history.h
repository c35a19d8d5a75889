/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What variables did before a hit: the last samples of those watches that keep them. They
 * stand still from the first hit of a process until its dump has read them.
 */
#ifndef VMON_HISTORY_H
#define VMON_HISTORY_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <variable_monitor.h>

struct cred;
struct dump;
struct pid;
struct watch;

/* What the watches of one process share. */
struct watched_process {
	refcount_t references;		/* its watches, and their pending or muted hits */
	struct list_head in_processes;
	struct pid *pid;
	u64 histories_end_ns;		/* the tick of its first hit that no dump has read yet; or 0 */
};

/* A ring that ticks write, one at a time, and a dump reads without a lock. */
struct history {
	const struct cred *payer;	/* its user; free_uid() is not exported */
	unsigned int capacity;		/* one more than are kept: the next may be half written */
	unsigned int next;		/* where it goes */
	u64 count;			/* so far */
	struct vmon_sample samples[];
};

/* The process of that pid, with one more reference; -ENOMEM. Sleep. */
struct watched_process *watched_process_get(struct pid *pid);
void watched_process_put(struct watched_process *process);

/*
 * One for so many samples, paid for by the caller's user; NULL for 0. -ENOMEM if it cannot be
 * had or paid for. Sleep.
 */
struct history *history_create(unsigned int samples);
void history_free(struct history *history);

/* The watch, which has a history, is found by dumps from now on; and is no longer. Sleep. */
void history_enlist(struct watch *watch);
void history_delist(struct watch *watch);

/* Keeps what a tick read. Hard interrupt context. */
static inline void history_add(struct history *history, u64 value, u64 now_ns)
{
	struct vmon_sample *sample = &history->samples[history->next];

	/* Who sees this sample half written sees the count of those before it. */
	smp_wmb();
	WRITE_ONCE(sample->time_ns, now_ns);
	WRITE_ONCE(sample->value, value);
	if (++history->next == history->capacity)
		history->next = 0;
	/* Who sees the count sees the samples. */
	smp_store_release(&history->count, history->count + 1);
}

/* Records all histories of that process. Sleeps. */
void histories_record(struct dump *dump, const struct pid *pid);

/*
 * They stand no longer. A hit that came since the dump's causes were taken finds them going on.
 * Sleeps.
 */
void histories_go_on(const struct pid *pid);

#endif
