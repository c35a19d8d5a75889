// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <time.h>

#include "poll_thread.h"

static struct poll poll;
static volatile unsigned long hits;

static void next_multiple(struct timespec *time, unsigned long interval_ns)
{
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, time);
	now = (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec;
	now += interval_ns - now % interval_ns;
	time->tv_sec = (time_t)(now / 1000000000);
	time->tv_nsec = (long)(now % 1000000000);
}

static void *poll_for_ever(void *unused)
{
	struct timespec until;
	unsigned long i;

	prctl(PR_SET_TIMERSLACK, 1);
	for (;;) {
		next_multiple(&until, poll.interval_ns);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		for (i = 0; i < poll.count; i++)
			if ((int32_t)poll.variables[i] > 100)
				hits++;
	}
	return unused;
}

int poll_thread_start(struct poll wanted)
{
	pthread_t thread;

	poll = wanted;
	errno = pthread_create(&thread, NULL, poll_for_ever, NULL);
	return errno ? -1 : 0;
}
