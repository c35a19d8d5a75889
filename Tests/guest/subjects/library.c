// SPDX-License-Identifier: Apache-2.0
/*
 * Watches one variable through monitor_user.h, and prints the errno and what the
 * library says about it.
 *
 *     library NAME LENGTH INTERVAL PID good|null|line
 */
#include <stdio.h>
#include <stdlib.h>

#include "monitor_user.h"

static _Alignas(64) char memory[128];

/* Through the macro for a name that no struct can hold, else as asked. */
static int start(char **arguments)
{
	watch_arg watch = {
		.length_byte = atoi(arguments[2]), .threshold = 150, .greater_flag = 1,
		.time_ns = strtoul(arguments[3], NULL, 10), .task_id = atoi(arguments[4]), .ptr = memory,
	};

	if (strlen(arguments[1]) > MAX_NAME_LEN)
		return START_WATCH_INT(arguments[1], (int *)(void *)memory, 150);
	strcpy(watch.name, arguments[1]);
	if (!strcmp(arguments[5], "null"))
		watch.ptr = NULL;
	if (!strcmp(arguments[5], "line"))
		watch.ptr = memory + 62;
	return start_watch(watch);
}

int main(int count, char **arguments)
{
	if (count != 6)
		return 64;
	errno = 0;
	if (start(arguments) == 0)
		puts("0 ");
	else
		printf("%d %s\n", errno, monitor_strerror(errno));
	return 0;
}
