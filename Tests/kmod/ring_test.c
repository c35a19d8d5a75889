// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ring.h"

/* Far below RING_SIZE_MIN, so that records often lie across the end of memory. */
#define SIZE 1000

static struct ring ring;
static unsigned char memory[SIZE], out[SIZE];

static void fresh_ring(void)
{
	memset(memory, 0xee, sizeof(memory));
	ring_init(&ring, memory, sizeof(memory));
}

/* A record of that size, whose payload depends on its seed. */
static struct vmon_record *record_of(unsigned int size, unsigned char seed)
{
	static _Alignas(8) unsigned char bytes[SIZE * 2];
	struct vmon_record *record = (struct vmon_record *)bytes;

	memset(bytes, seed, size);
	*record = (struct vmon_record) {
		.magic = VMON_RECORD_MAGIC, .type = VMON_RECORD_TASK, .size = size,
	};
	return record;
}

static const struct vmon_record *record_at(long offset)
{
	static struct vmon_record record;

	memcpy(&record, out + offset, sizeof(record));
	return &record;
}

static void records_come_back_as_they_were(void)
{
	__u64 cursor = 0;

	fresh_ring();
	for (unsigned int round = 1; round < 200; round++) {
		unsigned int size = 40 + 8 * (round % 60);

		CHECK(ring_append(&ring, record_of(size, (unsigned char)round)));
		CHECK(ring_read(&ring, &cursor, out, sizeof(out)) == size);
		CHECK(record_at(0)->sequence == round);
		CHECK(record_at(0)->size == size);
		for (unsigned int i = sizeof(struct vmon_record); i < size; i++)
			CHECK(out[i] == (unsigned char)round);
		CHECK(ring_release(&ring, round));
	}
}

static void reading_does_not_consume(void)
{
	__u64 first = 0, second = 0;

	fresh_ring();
	ring_append(&ring, record_of(80, 1));
	CHECK(ring_read(&ring, &first, out, sizeof(out)) == 80);
	CHECK(ring_read(&ring, &first, out, sizeof(out)) == 0);
	CHECK(ring_read(&ring, &second, out, sizeof(out)) == 80);
}

static void only_whole_records_are_read(void)
{
	__u64 cursor = 0;

	fresh_ring();
	ring_append(&ring, record_of(80, 1));
	ring_append(&ring, record_of(80, 2));
	CHECK(ring_read(&ring, &cursor, out, 79) == -1);
	CHECK(cursor == 0);
	CHECK(ring_read(&ring, &cursor, out, 159) == 80);
	CHECK(ring_read(&ring, &cursor, out, 159) == 80);
	CHECK(record_at(0)->sequence == 2);
}

static void a_full_ring_loses_the_newest_and_says_where(void)
{
	__u64 cursor = 0;
	struct vmon_lost lost;

	fresh_ring();
	for (int i = 0; i < 5; i++)	/* 5 × 200 = 1,000: full */
		CHECK(ring_append(&ring, record_of(200, 1)));
	CHECK(!ring_append(&ring, record_of(40, 1)));	/* 6 */
	CHECK(!ring_append(&ring, record_of(40, 1)));	/* 7 */
	CHECK(ring.lost_total == 2);
	CHECK(ring_read(&ring, &cursor, out, sizeof(out)) == 1000);
	CHECK(ring_release(&ring, 5));

	CHECK(ring_append(&ring, record_of(40, 1)));
	CHECK(ring_read(&ring, &cursor, out, sizeof(out)) == sizeof(lost) + 40);
	memcpy(&lost, out, sizeof(lost));
	CHECK(lost.record.type == VMON_RECORD_LOST);
	CHECK(lost.record.size == sizeof(lost));
	CHECK(lost.record.sequence == 8);
	CHECK(lost.count == 2 && lost.first_sequence == 6 && lost.last_sequence == 7);
	CHECK(record_at(sizeof(lost))->sequence == 9);

	/* It is told once. */
	CHECK(ring_append(&ring, record_of(40, 1)));
	CHECK(ring_read(&ring, &cursor, out, sizeof(out)) == 40);
}

static void no_room_for_the_news_is_no_room(void)
{
	fresh_ring();
	for (int i = 0; i < 5; i++)
		ring_append(&ring, record_of(200, 1));
	ring_append(&ring, record_of(40, 1));
	/* Once 200 bytes are free: the news takes 64 of them. */
	CHECK(ring_release(&ring, 1));
	CHECK(!ring_append(&ring, record_of(144, 1)));
	CHECK(ring.lost.count == 2);
	CHECK(ring_append(&ring, record_of(136, 1)));
	CHECK(ring.lost.count == 0);
}

static void a_dump_that_began_can_end(void)
{
	__u64 cursor = 0;
	long bytes, at;
	int ends = 0;

	fresh_ring();
	CHECK(ring_append_begin(&ring, record_of(sizeof(struct vmon_dump_begin), 1)));
	for (int i = 0; i < 50; i++)
		ring_append(&ring, record_of(104, 1));
	CHECK(ring.lost.count > 0);
	struct vmon_record *end = record_of(sizeof(struct vmon_dump_end), 1);
	end->type = VMON_RECORD_DUMP_END;
	CHECK(ring_append_end(&ring, end));
	bytes = ring_read(&ring, &cursor, out, sizeof(out));
	for (at = 0; at < bytes; at += record_at(at)->size)
		ends += record_at(at)->type == VMON_RECORD_DUMP_END;
	CHECK(ends == 1);
	CHECK(ring.held == 0);
}

static void a_dump_that_could_not_end_does_not_begin(void)
{
	fresh_ring();
	CHECK(ring_append(&ring, record_of(SIZE - 56 - 100, 1)));
	CHECK(!ring_append_begin(&ring, record_of(sizeof(struct vmon_dump_begin), 1)));
	CHECK(ring.held == 0);
	CHECK(ring_append(&ring, record_of(40, 1)));
}

/* Or a reader would meet its hits without their dump, and the losses would be too few. */
static void a_dump_that_does_not_begin_is_lost_as_a_whole(void)
{
	struct vmon_record *record;

	fresh_ring();
	CHECK(ring_append(&ring, record_of(SIZE - 56 - 100, 1)));
	record = record_of(sizeof(struct vmon_dump_begin), 1);
	record->dump_id = 1;
	CHECK(!ring_append_begin(&ring, record));
	for (int i = 0; i < 3; i++) {
		record = record_of(40, 1);
		record->dump_id = 1;
		CHECK(!ring_append(&ring, record));
	}
	CHECK(ring.lost_total == 4 && ring.lost.count == 4);
	CHECK(ring.lost.first_sequence == 2 && ring.lost.last_sequence == 5);

	/* Those of the next are not. */
	CHECK(ring_release(&ring, 1));
	record = record_of(sizeof(struct vmon_dump_begin), 1);
	record->dump_id = 2;
	CHECK(ring_append_begin(&ring, record));
	record = record_of(40, 1);
	record->dump_id = 2;
	CHECK(ring_append(&ring, record));
}

static void a_cursor_that_was_overtaken_goes_to_the_oldest(void)
{
	__u64 cursor = 0;

	fresh_ring();
	ring_append(&ring, record_of(80, 1));
	ring_append(&ring, record_of(80, 2));
	CHECK(ring_release(&ring, 1));
	CHECK(ring_read(&ring, &cursor, out, sizeof(out)) == 80);
	CHECK(record_at(0)->sequence == 2);
}

static void release_takes_only_numbers_given_out(void)
{
	fresh_ring();
	CHECK(!ring_release(&ring, 1));
	ring_append(&ring, record_of(80, 1));
	CHECK(!ring_release(&ring, 0));
	CHECK(ring.tail == 0);
	CHECK(!ring_release(&ring, 2));
	CHECK(!ring_release(&ring, ~0ULL));
	CHECK(ring_release(&ring, 1));
	CHECK(ring.tail == ring.head);
	CHECK(ring_release(&ring, 1));
}

/* Whatever is done, what a reader sees is whole, in order, and accounted for. */
static void nothing_is_lost_in_silence(void)
{
	__u64 cursor = 0, seen = 0, told = 0, appended = 0;

	fresh_ring();
	srand(1);
	for (int step = 0; step < 200000; step++) {
		unsigned int size = 40 + 8 * (unsigned int)(rand() % 40);

		if (rand() % 3) {
			appended++;
			ring_append(&ring, record_of(size, 1));
			continue;
		}
		long bytes = ring_read(&ring, &cursor, out, sizeof(out));
		for (long at = 0; at < bytes; at += record_at(at)->size) {
			const struct vmon_record *record = record_at(at);

			CHECK(record->magic == VMON_RECORD_MAGIC);
			if (record->type == VMON_RECORD_LOST) {
				struct vmon_lost lost;

				memcpy(&lost, out + at, sizeof(lost));
				CHECK(lost.first_sequence == seen + 1);
				CHECK(lost.last_sequence - lost.first_sequence + 1 == lost.count);
				told += lost.count;
				seen += lost.count;
			} else {
				appended--;
			}
			CHECK(record->sequence == ++seen);
		}
		CHECK(ring_release(&ring, seen));
		CHECK(appended == ring.lost.count + told);
		CHECK(ring.lost_total == ring.lost.count + told);
	}
	CHECK(told > 0);
}

int main(void)
{
	RUN(records_come_back_as_they_were);
	RUN(reading_does_not_consume);
	RUN(only_whole_records_are_read);
	RUN(a_full_ring_loses_the_newest_and_says_where);
	RUN(no_room_for_the_news_is_no_room);
	RUN(a_dump_that_began_can_end);
	RUN(a_dump_that_could_not_end_does_not_begin);
	RUN(a_dump_that_does_not_begin_is_lost_as_a_whole);
	RUN(a_cursor_that_was_overtaken_goes_to_the_oldest);
	RUN(release_takes_only_numbers_given_out);
	RUN(nothing_is_lost_in_silence);
	return check_summary();
}
