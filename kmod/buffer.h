/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's one buffer of records: the ring, its lock, and those who wait
 * for it. All functions sleep; the lock is only ever held for memory copies
 * inside the kernel, so no reader can hold up a dump.
 */
#ifndef VMON_BUFFER_H
#define VMON_BUFFER_H

#include <linux/poll.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <variable_monitor.h>

struct buffer_usage {
	u64 size;
	u64 used;
	u64 lost_records;
};

int buffer_init(u64 bytes);
void buffer_destroy(void);

/*
 * Fill in the header of a record of `size` bytes (padded to 8 by the caller)
 * and append it. False if it was lost, which is counted. A dump's first
 * record is appended only if its last one will fit, which then always does;
 * else what follows of that dump is lost, too.
 */
bool buffer_append(struct vmon_record *record, u16 type, u32 size, u64 dump_id);
bool buffer_append_begin(struct vmon_record *record, u16 type, u32 size, u64 dump_id);
void buffer_append_end(struct vmon_record *record, u16 type, u32 size, u64 dump_id);

/* As ring_read() and ring_release(). */
long buffer_read(u64 *cursor, void *to, size_t size);
bool buffer_release(u64 sequence);

/* Whether a record lies behind the cursor; without the lock. */
bool buffer_has_record(u64 cursor);
wait_queue_head_t *buffer_wait_queue(void);
struct buffer_usage buffer_usage(void);

#endif
