// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "buffer.h"
#include "ring.h"

/* Protects ring. Innermost: nothing is taken under it. */
static DEFINE_MUTEX(ring_lock);
static struct ring ring;
static DECLARE_WAIT_QUEUE_HEAD(readers);

int buffer_init(u64 bytes)
{
	void *memory = vzalloc(PAGE_ALIGN(bytes));

	if (!memory)
		return -ENOMEM;
	ring_init(&ring, memory, PAGE_ALIGN(bytes));
	return 0;
}

void buffer_destroy(void)
{
	vfree(ring.bytes);
}

static void fill_in(struct vmon_record *record, u16 type, u32 size, u64 dump_id)
{
	*record = (struct vmon_record) {
		.magic = VMON_RECORD_MAGIC,
		.type = type,
		.size = size,
		.time_ns = ktime_get_ns(),
		.dump_id = dump_id,
		.cpu = raw_smp_processor_id(),
	};
}

static bool append(struct vmon_record *record, int (*how)(struct ring *, struct vmon_record *))
{
	bool fitted;

	mutex_lock(&ring_lock);
	fitted = how(&ring, record);
	mutex_unlock(&ring_lock);
	if (fitted)
		wake_up_interruptible(&readers);
	return fitted;
}

bool buffer_append(struct vmon_record *record, u16 type, u32 size, u64 dump_id)
{
	fill_in(record, type, size, dump_id);
	return append(record, ring_append);
}

bool buffer_append_begin(struct vmon_record *record, u16 type, u32 size, u64 dump_id)
{
	fill_in(record, type, size, dump_id);
	return append(record, ring_append_begin);
}

void buffer_append_end(struct vmon_record *record, u16 type, u32 size, u64 dump_id)
{
	fill_in(record, type, size, dump_id);
	append(record, ring_append_end);
}

long buffer_read(u64 *cursor, void *to, size_t size)
{
	long copied;

	mutex_lock(&ring_lock);
	copied = ring_read(&ring, cursor, to, size);
	mutex_unlock(&ring_lock);
	return copied;
}

bool buffer_release(u64 sequence)
{
	bool known;

	mutex_lock(&ring_lock);
	known = ring_release(&ring, sequence);
	mutex_unlock(&ring_lock);
	return known;
}

bool buffer_has_record(u64 cursor)
{
	return max(cursor, READ_ONCE(ring.tail)) < READ_ONCE(ring.head);
}

wait_queue_head_t *buffer_wait_queue(void)
{
	return &readers;
}

struct buffer_usage buffer_usage(void)
{
	struct buffer_usage usage;

	mutex_lock(&ring_lock);
	usage = (struct buffer_usage) {
		.size = ring.size,
		.used = ring.head - ring.tail,
		.lost_records = ring.lost_total,
	};
	mutex_unlock(&ring_lock);
	return usage;
}
