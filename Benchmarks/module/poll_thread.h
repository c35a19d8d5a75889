/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching without a module: a thread of the program sleeps to the next multiple of the
 * interval, compares, and sleeps again. Of normal priority: a real-time one that polls
 * every 10 µs leaves the program next to nothing.
 */
#ifndef POLL_THREAD_H
#define POLL_THREAD_H

#include <stdint.h>

struct poll {
	unsigned long interval_ns;
	const volatile uint64_t *variables;	/* the low 32 bits of each are compared */
	unsigned long count;
};

/* 0, or -1 with errno. */
int poll_thread_start(struct poll wanted);

#endif
