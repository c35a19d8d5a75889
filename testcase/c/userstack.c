// SPDX-License-Identifier: Apache-2.0
/*
 * The deep stack of the Swift testcase of this name, without frame pointers: built
 * with -O2 -fomit-frame-pointer, only its call-frame information unwinds it.
 *
 *     userstack-c [seconds]    how long it stays there; default: 60
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "monitor_user.h"

#define DEPTH 42		/* calls in all, a third of them of each function */

static volatile int temp;
static unsigned int seconds = 60;

static int customFunction2(int depth);
static int customFunction3(int depth);

static __attribute__((noinline)) int stay_over_threshold(void)
{
	temp = 200;
	while (seconds)
		seconds = sleep(seconds);	/* a signal may end it early */
	temp = 0;
	return temp;
}

/* The rest of each function uses what the call returned: no frame is replaced by the next one's. */
static __attribute__((noinline)) int customFunction1(int depth)
{
	return (depth > 1 ? customFunction2(depth - 1) : stay_over_threshold()) + temp;
}

static __attribute__((noinline)) int customFunction2(int depth)
{
	return (depth > 1 ? customFunction3(depth - 1) : stay_over_threshold()) - temp;
}

static __attribute__((noinline)) int customFunction3(int depth)
{
	return (depth > 1 ? customFunction1(depth - 1) : stay_over_threshold()) ^ temp;
}

int main(int argc, char **argv)
{
	char *end = "";
	long given = seconds;

	if (argc > 1)
		seconds = given = strtol(argv[1], &end, 10);
	if (*end || given != seconds) {
		fprintf(stderr, "usage: userstack-c [seconds]\n");
		return 64;
	}
	if (START_WATCH_INT("temp", &temp, 150)) {
		fprintf(stderr, "userstack-c: %s\n", monitor_strerror(errno));
		return 1;
	}
	return customFunction1(DEPTH);
}
