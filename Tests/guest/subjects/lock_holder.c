// SPDX-License-Identifier: Apache-2.0
/*
 * Sleeps uninterruptibly with its own mmap lock held for writing (kmod/testing/mmap_lock_holder.c),
 * and so do as many children of it as its argument says.
 *
 * Each prints where on its stack a mark lies, which is the same for all: the words 1 to 64.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 64

__attribute__((noinline)) long holdLock(int file)
{
	volatile unsigned long mark[WORDS];

	for (unsigned long i = 0; i < WORDS; i++)
		mark[i] = i + 1;
	printf("%p\n", (const void *)mark);
	fflush(stdout);
	return write(file, "1", 1) + (long)mark[0];
}

int main(int count, char **words)
{
	int failed;

	for (int children = count > 1 ? atoi(words[1]) : 0; children; children--)
		if (fork() == 0)
			break;
	/* Each its own file: the kernel lets one write at a time to one that is shared. */
	failed = holdLock(open("/sys/kernel/debug/mmap_lock_holder/hold", O_WRONLY)) < 0;
	while (wait(NULL) > 0)
		;
	return failed;
}
