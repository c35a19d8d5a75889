// SPDX-License-Identifier: Apache-2.0
/*
 * Processes that wait uninterruptibly for one lock, which another has.
 *
 *     waiters FILE COUNT
 *
 * Who writes to FILE, one of kmod/testing/lock_holder.c's, takes the lock or waits for it.
 * Prints "ready" once all wait; all end with its standard input.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void take(const char *path)
{
	int file = open(path, O_WRONLY);

	if (file < 0 || write(file, "", 1) < 0)
		perror(path);
	kill(0, SIGKILL);
}

static char state_of(pid_t pid)
{
	char path[64], text[256] = "";
	const char *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file || !fgets(text, sizeof(text), file))
		exit(1);
	fclose(file);
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

int main(int count, char **arguments)
{
	int i, waiters = count == 3 ? atoi(arguments[2]) : 0;
	pid_t child;

	if (waiters < 1)
		return 64;
	setpgid(0, 0);
	/* The first one gets the lock, and waits for its end. */
	for (i = 0; i <= waiters; i++) {
		child = fork();
		if (child < 0) {
			perror("fork");
			kill(0, SIGKILL);
		}
		if (child == 0)
			take(arguments[1]);
		while (state_of(child) != 'D')
			usleep(1000);
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return kill(0, SIGKILL);
}
