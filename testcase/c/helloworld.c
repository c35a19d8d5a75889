// SPDX-License-Identifier: Apache-2.0
/*
 * 2,049 watched variables in one process, as the Swift testcase of this name.
 *
 *     helloworld-c [seconds]   how long it stays before it cancels; default: 10
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "monitor_user.h"

#define COUNT 2049

static volatile int temps[COUNT];

static int fail(const char *what)
{
	fprintf(stderr, "helloworld-c: %s: %s\n", what, monitor_strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	char name[MAX_NAME_LEN + 1], *end = "";
	long seconds = 10;

	if (argc > 1)
		seconds = strtol(argv[1], &end, 10);
	if (*end || seconds < 0) {
		fprintf(stderr, "usage: helloworld-c [seconds]\n");
		return 64;
	}
	setbuf(stdout, NULL);	/* each step is seen at once, also through a pipe */

	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "temp%d", i);
		if (START_WATCH_INT(name, &temps[i], 150))
			return fail(name);
	}
	printf("watching %d variables\n", COUNT);

	for (int i = 0; i < COUNT; i++)
		temps[i] = 151 + i;
	printf("all of them are over their thresholds\n");

	for (long i = 0; i < seconds; i++)
		sleep(1);
	if (cancel_watch())
		return fail("cancel_watch");
	printf("cancelled\n");
	return 0;
}
