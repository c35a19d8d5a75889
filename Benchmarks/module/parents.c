// SPDX-License-Identifier: Apache-2.0
/*
 * Processes for a dump: parents of vfork(), which wait uninterruptibly for children
 * that sleep, each at the end of a deep user stack.
 *
 *     parents COUNT STACK_BYTES
 *
 * Prints "ready" once all wait; all end with its standard input.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME 128

static int started[2];

static __attribute__((noinline)) void wait_uninterruptibly(void)
{
	if (vfork() == 0) {
		if (write(started[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
}

/* What follows the call keeps it from being replaced by a jump. */
static __attribute__((noinline)) int descend(long bytes)
{
	volatile char frame[FRAME];

	memset((char *)frame, 1, sizeof(frame));
	if (bytes > 0)
		return descend(bytes - FRAME) + frame[0];
	wait_uninterruptibly();
	return frame[1];
}

static void wait_for(int events)
{
	char byte;

	while (events--)
		if (read(started[0], &byte, 1) != 1)
			exit(1);
}

int main(int count, char **arguments)
{
	int i, processes = count == 3 ? atoi(arguments[1]) : 0;
	long bytes = count == 3 ? atol(arguments[2]) : 0;
	pid_t child;

	if (processes < 1)
		return 64;
	if (pipe(started))
		return 1;
	setpgid(0, 0);
	for (i = 0; i < processes; i++) {
		child = fork();
		if (child < 0) {
			perror("fork");
			kill(0, SIGKILL);
		}
		if (child == 0)
			_exit(descend(bytes));
		wait_for(1);
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return kill(0, SIGKILL);
}
