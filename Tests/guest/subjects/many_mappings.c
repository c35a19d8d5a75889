// SPDX-License-Identifier: Apache-2.0
/* Sleeps with more executable mappings than any program has, for it is to take long to record them. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT 10000

int main(void)
{
	int file = open("/proc/self/exe", O_RDONLY);

	/* All of its first page, so that no two become one, and each has its build-id read. */
	for (int i = 0; i < COUNT; i++)
		if (mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_POPULATE, file, 0) == MAP_FAILED)
			return 1;
	puts("ready");
	fflush(stdout);
	return pause();
}
