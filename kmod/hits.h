/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hits on their way: they wait on a list until their dump, and their watches stay
 * muted for a while after it.
 */
#ifndef VMON_HITS_H
#define VMON_HITS_H

#include <linux/llist.h>

#include "watch.h"

#define DUMP_RESET_SEC_MAX 86400

/* Time from the end of a dump to the end of its hits' mute; written by proc.c. */
extern unsigned int dump_reset_sec;

/*
 * Keeps what the tick saw, with a reference on the watch, for the next dump, which the
 * caller triggers at the end of the tick. Hard interrupt context; the watch is muted, so its hit
 * is the caller's.
 */
void hit_record(struct watch *watch, u64 value, u64 tick_ns);

/* Whether a hit waits for a dump. Any context. */
bool hits_wait(void);

/* The hits that wait for a dump, the oldest first, linked by in_pending; NULL if there are none. */
struct llist_node *hits_take(void);

/* After their dump: ends their mute when dump_reset_sec have passed. Sleeps. */
void hits_mute(struct llist_node *hits);

/* Forgets the muted hits of watches that ended, whose memory then is free. Sleeps. */
void hits_drop_ended(void);

/* Drops what is left; no watch is left, no new hit can come, and no dump runs. Sleeps. */
void hits_stop(void);

/* So far. Any context. */
u64 hits_count(void);

#endif
