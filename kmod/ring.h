/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring of records: which record fits, which is lost, where a reader
 * goes on. Pure logic without locks, also compiled by Tests/kmod.
 *
 * Positions are bytes written since the start and never wrap; a position's
 * place in memory is its remainder. Records may lie across the end of memory.
 */
#ifndef VMON_RING_H
#define VMON_RING_H

#include <variable_monitor.h>

struct ring {
	unsigned char *bytes;
	__u64 size;		/* of bytes, a multiple of 8 */
	__u64 head;		/* where the next record goes */
	__u64 tail;		/* oldest record that was not released */
	__u64 held;		/* room kept for the end of the open dump */
	__u64 refused_dump;	/* the last dump that found no room to begin; 0: none */
	__u64 next_sequence;
	__u64 lost_total;
	struct vmon_lost lost;	/* lost since the last VMON_RECORD_LOST; count 0: none */
};

/* Smallest ring that can take any record inside a dump. */
#define RING_SIZE_MIN (2ULL * VMON_RECORD_SIZE_MAX)

void ring_init(struct ring *ring, void *bytes, __u64 size);

/*
 * Appends a record whose type and size are filled in, and gives it its
 * sequence number. 0 if it did not fit: it is then counted as lost, and the
 * next record that fits is preceded by a VMON_RECORD_LOST that tells so.
 */
int ring_append(struct ring *ring, struct vmon_record *record);

/*
 * The same for a dump's first record: fits only if the dump's last will, too. If it does not, all
 * other records of that dump are lost, whatever room there is for them.
 */
int ring_append_begin(struct ring *ring, struct vmon_record *record);

/* The same for a dump's last record, for which there always is room. */
int ring_append_end(struct ring *ring, struct vmon_record *record);

/*
 * Copies as many whole records from *cursor on as fit into size bytes, and
 * moves *cursor behind them. A cursor that others' releases have overtaken
 * first moves to the oldest record. Returns the bytes copied; 0 if there are
 * none; -1 if not even the first record fits.
 */
long ring_read(const struct ring *ring, __u64 *cursor, void *to, __u64 size);

/* Frees all records up to and including that sequence number; 0 if it was not given out. */
int ring_release(struct ring *ring, __u64 sequence);

#endif
