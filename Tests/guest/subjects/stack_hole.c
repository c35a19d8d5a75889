// SPDX-License-Identifier: Apache-2.0
/*
 * Sleeps with a stack of which one page in the middle is not there.
 *
 * Prints the address of that page.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096

int main(void)
{
	char pages[4 * PAGE];
	char *hole = (char *)(((uintptr_t)pages + 2 * PAGE) & -(uintptr_t)PAGE);

	memset(pages, 1, sizeof(pages));
	printf("%p\n", (void *)hole);
	fflush(stdout);
	madvise(hole, PAGE, MADV_DONTNEED);
	return poll(NULL, 0, -1) + pages[0];
}
