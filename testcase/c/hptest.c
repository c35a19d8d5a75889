// SPDX-License-Identifier: Apache-2.0
/*
 * A watched variable on a huge page of HugeTLB. Root must have set one aside:
 *
 *     echo 1 > /proc/sys/vm/nr_hugepages
 *
 *     hptest-c [seconds]   how long it stays over the threshold; default: 10
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor_user.h"

#define HUGE_PAGE_BYTES (2UL << 20)	/* what x86-64 has unless it is told otherwise */
#define THRESHOLD 150

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "hptest-c: %s: %s\n", what, why);
	return 1;
}

int main(int argc, char **argv)
{
	char *end = "";
	long seconds = 10;
	void *huge_page;
	volatile int *temp;

	if (argc > 1)
		seconds = strtol(argv[1], &end, 10);
	if (*end || seconds < 0) {
		fprintf(stderr, "usage: hptest-c [seconds]\n");
		return 64;
	}
	setbuf(stdout, NULL);	/* each step is seen at once, also through a pipe */

	huge_page = mmap(NULL, HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (huge_page == MAP_FAILED)
		return fail("no huge page", errno != ENOMEM ? strerror(errno) :
			    "none is free; as root: echo 1 > /proc/sys/vm/nr_hugepages");

	/* In the middle: what the kernel pins is one small part of the huge page. */
	temp = (volatile int *)((char *)huge_page + HUGE_PAGE_BYTES / 2);
	if (START_WATCH_INT("hptest", temp, THRESHOLD))
		return fail("START_WATCH_INT", monitor_strerror(errno));
	printf("watching a variable on a huge page at %p, threshold %d\n", (void *)temp, THRESHOLD);

	while (*temp <= THRESHOLD) {
		*temp += 50;
		printf("it is %d\n", *temp);
	}
	printf("that is over the threshold\n");

	for (long i = 0; i < seconds; i++)
		sleep(1);
	if (cancel_watch())
		return fail("cancel_watch", monitor_strerror(errno));
	printf("cancelled\n");
	return 0;
}
