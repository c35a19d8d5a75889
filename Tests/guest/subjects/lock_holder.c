// SPDX-License-Identifier: Apache-2.0
/*
 * Sleeps uninterruptibly with its own mmap lock held for writing (kmod/testing/mmap_lock_holder.c).
 *
 * Prints where on its stack a mark lies: the words 1 to 64.
 */
#include <fcntl.h>
#include <stdio.h>
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

int main(void)
{
	return holdLock(open("/sys/kernel/debug/mmap_lock_holder/hold", O_WRONLY)) < 0;
}
