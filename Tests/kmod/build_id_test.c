// SPDX-License-Identifier: Apache-2.0
/* Reads this very program's build-id from its own memory, and survives any other bytes. */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "build_id.h"
#include "check.h"

extern const char __ehdr_start[];

/* The memory that the reader sees: from `base` on. */
static const unsigned char *image;
static __u64 base, image_size, limit;

static int read_image(void *to, __u64 address, __u32 size)
{
	if (address < base || address - base > image_size || image_size - (address - base) < size)
		return 0;
	if (!limit--)
		return 0;
	memcpy(to, image + (address - base), size);
	return 1;
}

static void see(const void *bytes, __u64 at, __u64 size)
{
	image = bytes;
	base = at;
	image_size = size;
	limit = ~0ULL;
}

/* The linker's own word for it, by way of the loader. */
static int find_note(struct dl_phdr_info *info, size_t size, void *to)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		const char *at = (const char *)info->dlpi_addr + segment->p_vaddr;
		const char *end = at + segment->p_memsz;

		while (segment->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const void *)at;
			size_t name = (note->n_namesz + 3u) & ~3u;

			if (note->n_type == NT_GNU_BUILD_ID) {
				memcpy(to, at + sizeof(*note) + name, 20);
				return (int)note->n_descsz;
			}
			at += sizeof(*note) + name + ((note->n_descsz + 3u) & ~3u);
		}
	}
	return -1;	/* the first object is the program: look no further */
}

static void own_build_id_is_found(void)
{
	__u8 found[VMON_BUILD_ID_MAX] = {}, expected[VMON_BUILD_ID_MAX] = {};
	int length = dl_iterate_phdr(find_note, expected);

	see(__ehdr_start, (__u64)__ehdr_start, 4096);
	CHECK(length == 20);
	CHECK(build_id_read(read_image, base, found) == 20);
	CHECK(!memcmp(found, expected, 20));
}

static void memory_that_is_not_there_is_no_build_id(void)
{
	__u8 found[VMON_BUILD_ID_MAX];

	for (__u64 reads = 0; reads < 4; reads++) {
		see(__ehdr_start, (__u64)__ehdr_start, 4096);
		limit = reads;
		CHECK(build_id_read(read_image, base, found) == 0);
	}
	see(__ehdr_start, (__u64)__ehdr_start, 0);
	CHECK(build_id_read(read_image, base, found) == 0);
}

static void any_bytes_are_survived(void)
{
	static unsigned char bytes[4096];
	__u8 found[VMON_BUILD_ID_MAX];

	srand(1);
	for (int round = 0; round < 100000; round++) {
		memcpy(bytes, __ehdr_start, sizeof(bytes));
		for (int i = rand() % 8; i >= 0; i--)
			bytes[64 + rand() % 1024] = (unsigned char)(rand() % 3 ? rand() : 0xff);
		see(bytes, rand() % 2 ? 0x400000 : ~0ULL - 8191, sizeof(bytes));
		CHECK(build_id_read(read_image, base, found) <= VMON_BUILD_ID_MAX);
	}
}

int main(void)
{
	RUN(own_build_id_is_found);
	RUN(memory_that_is_not_there_is_no_build_id);
	RUN(any_bytes_are_survived);
	return check_summary();
}
