// SPDX-License-Identifier: GPL-2.0-only
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#include "ring.h"

/* What the end of a dump may need: the news of losses, and the end itself. */
#define RING_END_ROOM (sizeof(struct vmon_lost) + sizeof(struct vmon_dump_end))

void ring_init(struct ring *ring, void *bytes, __u64 size)
{
	memset(ring, 0, sizeof(*ring));
	ring->bytes = bytes;
	ring->size = size;
	ring->next_sequence = 1;
}

static void copy_in(struct ring *ring, const void *from, __u64 length)
{
	__u64 at = ring->head % ring->size;
	__u64 first = ring->size - at < length ? ring->size - at : length;

	memcpy(ring->bytes + at, from, first);
	memcpy(ring->bytes, (const char *)from + first, length - first);
	ring->head += length;
}

static void copy_out(const struct ring *ring, __u64 position, void *to, __u64 length)
{
	__u64 at = position % ring->size;
	__u64 first = ring->size - at < length ? ring->size - at : length;

	memcpy(to, ring->bytes + at, first);
	memcpy((char *)to + first, ring->bytes, length - first);
}

static void append_lost(struct ring *ring, const struct vmon_record *next)
{
	ring->lost.record = *next;
	ring->lost.record.type = VMON_RECORD_LOST;
	ring->lost.record.size = sizeof(ring->lost);
	ring->lost.record.sequence = ring->next_sequence++;
	copy_in(ring, &ring->lost, sizeof(ring->lost));
	ring->lost.count = 0;
}

/* The record keeps its number, so that the reader learns which are missing. */
static int lose(struct ring *ring, struct vmon_record *record)
{
	record->sequence = ring->next_sequence++;
	if (!ring->lost.count++)
		ring->lost.first_sequence = record->sequence;
	ring->lost.last_sequence = record->sequence;
	ring->lost_total++;
	return 0;
}

/* Appends if that leaves `spare` bytes free. */
static int append(struct ring *ring, struct vmon_record *record, __u64 spare)
{
	__u64 need = record->size + spare;

	if (ring->lost.count)
		need += sizeof(ring->lost);
	if (need > ring->size - (ring->head - ring->tail))
		return lose(ring, record);
	if (ring->lost.count)
		append_lost(ring, record);
	record->sequence = ring->next_sequence++;
	copy_in(ring, record, record->size);
	return 1;
}

int ring_append(struct ring *ring, struct vmon_record *record)
{
	if (record->dump_id && record->dump_id == ring->refused_dump)
		return lose(ring, record);
	return append(ring, record, ring->held);
}

int ring_append_begin(struct ring *ring, struct vmon_record *record)
{
	if (!append(ring, record, RING_END_ROOM)) {
		ring->refused_dump = record->dump_id;
		return 0;
	}
	ring->held = RING_END_ROOM;
	return 1;
}

int ring_append_end(struct ring *ring, struct vmon_record *record)
{
	ring->held = 0;
	return append(ring, record, 0);
}

long ring_read(const struct ring *ring, __u64 *cursor, void *to, __u64 size)
{
	struct vmon_record record;
	__u64 end;

	if (*cursor < ring->tail)
		*cursor = ring->tail;
	for (end = *cursor; end < ring->head; end += record.size) {
		copy_out(ring, end, &record, sizeof(record));
		if (end + record.size - *cursor > size)
			break;
	}
	if (end == *cursor)
		return end == ring->head ? 0 : -1;
	size = end - *cursor;
	copy_out(ring, *cursor, to, size);
	*cursor = end;
	return (long)size;
}

int ring_release(struct ring *ring, __u64 sequence)
{
	struct vmon_record record;

	if (!sequence || sequence >= ring->next_sequence)
		return 0;
	while (ring->tail < ring->head) {
		copy_out(ring, ring->tail, &record, sizeof(record));
		if (record.sequence > sequence)
			break;
		ring->tail += record.size;
	}
	return 1;
}
