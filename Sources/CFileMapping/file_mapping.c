// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "file_mapping.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A mapped range; 0 to 0 when free for the next. The handler may look at a list at any time,
 * so entries are never taken out of it, and an entry is empty while it changes.
 */
struct range {
	_Atomic uintptr_t start;
	_Atomic uintptr_t end;
	struct range *next;
};

static _Atomic(struct range *) ranges;
/* Protects the choice of free entries, and the first installation of the handler. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static uintptr_t page_size;

static bool is_mapped(uintptr_t address)
{
	for (struct range *range = atomic_load(&ranges); range; range = range->next)
		if (address >= atomic_load(&range->start) && address < atomic_load(&range->end))
			return true;
	return false;
}

static void handle_bus_error(int signal, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr;

	(void)context;
	if (info->si_code == BUS_ADRERR && is_mapped(address)) {
		void *page = (void *)(address & ~(page_size - 1));

		if (mmap(page, page_size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == page)
			return;
	}
	/* Not ours: it happens again when this returns, to whoever handled it before. */
	sigaction(SIGBUS, &previous, NULL);
	if (info->si_code <= 0)
		raise(signal);
}

static struct range *free_range(void)
{
	struct range *range;

	for (range = atomic_load(&ranges); range; range = range->next)
		if (!atomic_load(&range->end))
			return range;
	range = calloc(1, sizeof(*range));
	if (!range)
		return NULL;
	if (!atomic_load(&ranges)) {
		struct sigaction action = { .sa_sigaction = handle_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK };

		page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
		sigemptyset(&action.sa_mask);
		sigaction(SIGBUS, &action, &previous);
	}
	range->next = atomic_load(&ranges);
	atomic_store(&ranges, range);
	return range;
}

void *file_mapping_create(int file, size_t size)
{
	void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
	struct range *range;

	if (start == MAP_FAILED)
		return NULL;
	pthread_mutex_lock(&lock);
	range = free_range();
	if (range) {
		/* Its start comes first: until the end is there the range is empty. */
		atomic_store(&range->start, (uintptr_t)start);
		atomic_store(&range->end, (uintptr_t)start + size);
	}
	pthread_mutex_unlock(&lock);
	if (!range) {
		munmap(start, size);
		return NULL;
	}
	return start;
}

size_t file_mapping_resident(void)
{
	/* It stays open, as to open it takes longer than to read it. A child that went on without exec would read its parent's. */
	static int statm = -1;
	size_t total, resident, shared = 0;
	char text[128] = "";
	int file;

	pthread_mutex_lock(&lock);
	if (statm < 0)
		statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	file = statm;
	pthread_mutex_unlock(&lock);
	if (file < 0)
		return 0;
	if (pread(file, text, sizeof(text) - 1, 0) <= 0 || sscanf(text, "%zu %zu %zu", &total, &resident, &shared) != 3)
		shared = 0;
	return shared * (size_t)sysconf(_SC_PAGESIZE);
}

void file_mapping_forget(void)
{
	pthread_mutex_lock(&lock);
	for (struct range *range = atomic_load(&ranges); range; range = range->next) {
		uintptr_t start = atomic_load(&range->start), end = atomic_load(&range->end);

		if (end)
			madvise((void *)start, end - start, MADV_DONTNEED);
	}
	pthread_mutex_unlock(&lock);
}

void file_mapping_destroy(void *start, size_t size)
{
	pthread_mutex_lock(&lock);
	for (struct range *range = atomic_load(&ranges); range; range = range->next) {
		if (atomic_load(&range->start) == (uintptr_t)start && atomic_load(&range->end)) {
			atomic_store(&range->start, 0);
			atomic_store(&range->end, 0);
			break;
		}
	}
	pthread_mutex_unlock(&lock);
	munmap(start, size);
}

/* A handle that stands for a file without opening it. */
static int find_file(const char *root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int folder, file;

	if (!root)
		return open(path, O_PATH | O_CLOEXEC);
	folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -1;
	file = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
	close(folder);
	return file;
}

int file_open_regular(const char *root, const char *path)
{
	char name[sizeof("/proc/self/fd/") + 10];
	struct stat status;
	int found, file = -1;

	found = find_file(root, path);
	if (found < 0)
		return -1;
	if (fstat(found, &status) == 0 && S_ISREG(status.st_mode)) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", found);
		file = open(name, O_RDONLY | O_CLOEXEC);
	}
	close(found);
	return file;
}
