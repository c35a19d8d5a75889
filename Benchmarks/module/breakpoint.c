// SPDX-License-Identifier: Apache-2.0
/*
 * Watching with the processor's debug registers: counts the writes to a variable of
 * another process, as `perf stat -e mem:ADDRESS:w` does.
 *
 *     breakpoint PID ADDRESS
 *
 * Prints "ready", and the count when its standard input ends.
 */
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	struct perf_event_attr event = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(event),
		.bp_type = HW_BREAKPOINT_W,
		.bp_len = HW_BREAKPOINT_LEN_8,
	};
	uint64_t writes;
	int file;

	if (count != 3)
		return 64;
	event.bp_addr = strtoul(arguments[2], NULL, 10);
	file = (int)syscall(SYS_perf_event_open, &event, atoi(arguments[1]), -1, -1,
			    PERF_FLAG_FD_CLOEXEC);
	if (file < 0) {
		perror("perf_event_open");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	if (read(file, &writes, sizeof(writes)) != sizeof(writes))
		return 1;
	printf("%llu\n", (unsigned long long)writes);
	return 0;
}
