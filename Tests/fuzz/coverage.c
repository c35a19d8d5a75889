// SPDX-License-Identifier: Apache-2.0
#include "coverage.h"

#include <fcntl.h>
#include <linux/kcov.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRACE_WORDS (64 << 10)

/* Word 0 is the number of PCs that follow; the kernel appends. */
static uint64_t *trace;

bool coverage_start(void)
{
	int file = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	trace = NULL;
	if (file < 0)
		return false;
	if (ioctl(file, KCOV_INIT_TRACE, TRACE_WORDS) == 0) {
		void *memory = mmap(NULL, TRACE_WORDS * sizeof(*trace), PROT_READ | PROT_WRITE,
				    MAP_SHARED, file, 0);

		/* Tracing ends with the thread; the file must stay open until then. */
		if (memory != MAP_FAILED && ioctl(file, KCOV_ENABLE, KCOV_TRACE_PC) == 0) {
			trace = memory;
			return true;
		}
	}
	close(file);
	return false;
}

void coverage_reset(void)
{
	if (trace)
		__atomic_store_n(&trace[0], 0, __ATOMIC_RELAXED);
}

/* Whether the PC was not yet in the set. A full set takes no more. */
static bool add(struct coverage *coverage, uint64_t pc)
{
	unsigned int i, at = (pc * 0x9e3779b97f4a7c15) >> 48;

	for (i = 0; i < COVERAGE_SLOTS; i++, at = (at + 1) % COVERAGE_SLOTS) {
		uint64_t found = 0;

		if (__atomic_compare_exchange_n(&coverage->slots[at], &found, pc, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
		if (found == pc)
			return false;
	}
	return false;
}

unsigned int coverage_collect(struct coverage *coverage)
{
	uint64_t i, traced = trace ? __atomic_load_n(&trace[0], __ATOMIC_RELAXED) : 0;
	unsigned int fresh = 0;

	for (i = 1; i <= traced; i++)
		fresh += add(coverage, trace[i]);
	__atomic_add_fetch(&coverage->count, fresh, __ATOMIC_RELAXED);
	return fresh;
}
