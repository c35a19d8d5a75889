// SPDX-License-Identifier: Apache-2.0
#include "places.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif

#define PAGE 4096UL
#define ARENA 0x100000000UL
#define PAGES 16UL
#define KINDS_AT 12		/* pages from here on are special */

static int shared;		/* a file whose pages the arena maps */
static int values;		/* a file of numbers; reading it writes to memory */

static const uint64_t numbers[] = {
	0, 1, 150, 151, -1, -150, INT64_MIN, INT64_MAX, INT32_MAX, INT32_MIN, 0x80, 0xff,
	0x7fff, 0xffff, 0x0123456789abcdef, 0xfedcba9876543210,
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static int file_of(const void *content, size_t bytes)
{
	int file = memfd_create("fuzz", MFD_CLOEXEC);

	if (file < 0 || ftruncate(file, PAGES * PAGE) ||
	    pwrite(file, content, bytes, 0) != (ssize_t)bytes)
		abort();
	return file;
}

void places_init(void)
{
	shared = file_of(numbers, sizeof(numbers));
	values = file_of(numbers, sizeof(numbers));
}

static void *page_at(unsigned long number)
{
	return (void *)(ARENA + number % PAGES * PAGE);
}

static void map(unsigned long page, unsigned long pages, int protection, int flags, int file)
{
	mmap(page_at(page), pages * PAGE, protection, flags | MAP_FIXED, file,
	     file < 0 ? 0 : page * PAGE);
}

void places_reset(void)
{
	/* Twice as large: what programs move goes behind it. */
	munmap((void *)ARENA, 2 * PAGES * PAGE);
	map(0, KINDS_AT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	map(KINDS_AT, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	map(KINDS_AT + 1, 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	map(KINDS_AT + 2, 1, PROT_READ | PROT_WRITE, MAP_SHARED, shared);
	map(KINDS_AT + 3, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, shared);
}

uint64_t place_variable(uint64_t word)
{
	return ARENA + word % PAGES * PAGE + (word >> 8) % 4 * 8;
}

uint64_t place_any(uint64_t word)
{
	uint64_t choice = word >> 32;

	switch (choice % 16) {
	case 0:
		return word >> 40;			/* near 0 */
	case 1:
		return ARENA + word % PAGES * PAGE + PAGE - 4;	/* across the page's end */
	case 2:
		return ARENA + word % (2 * PAGES * PAGE);
	case 3:
		return 0xffff888000000000 + (word & 0xffffff8);	/* the kernel's */
	case 4:
		return 0x7ffffffff000 - 8 + word % 32;		/* the last of user space */
	case 5:
		return word << 8;
	case 6:
		return (uint64_t)numbers;		/* read-only, of a file */
	}
	return place_variable(word);
}

void places_store(const uint64_t *word)
{
	uint64_t from = word[1] % NUMBERS * sizeof(numbers[0]);

	syscall(SYS_pread64, values, place_variable(word[0]), sizeof(numbers[0]), from);
}

static void advise(void *at, size_t bytes, uint64_t word)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE,
		MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD,
		MADV_PAGEOUT, MADV_WILLNEED,
	};

	madvise(at, bytes, advices[word % (sizeof(advices) / sizeof(advices[0]))]);
}

static void protect(void *at, size_t bytes, uint64_t word)
{
	static const int protections[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };

	mprotect(at, bytes, protections[word % 3]);
}

void places_change(const uint64_t *word)
{
	size_t bytes = (1 + word[1] % 3) * PAGE;
	void *at = page_at(word[0]), *other = page_at(word[2]);

	switch (word[3] % 8) {
	case 0:
		munmap(at, bytes);
		break;
	case 1:
		mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 2:
		mremap(at, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, other);
		break;
	case 3:
		mremap(at, bytes, bytes + PAGE, 0);
		break;
	case 4:
	case 5:
		advise(at, bytes, word[4]);
		break;
	case 6:
		protect(at, bytes, word[4]);
		break;
	case 7:
		mlock(at, bytes);
		break;
	}
}
