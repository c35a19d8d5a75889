// SPDX-License-Identifier: Apache-2.0
/* Three threads: main and "sleeping" sleep, "spinning" runs. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static volatile unsigned long rounds;

__attribute__((noinline)) void *sleepHere(void *unused)
{
	for (;;)
		pause();
	return unused;
}

__attribute__((noinline)) void *spinHere(void *unused)
{
	for (;;)
		rounds++;
	return unused;
}

int main(void)
{
	pthread_t sleeping, spinning;

	pthread_create(&sleeping, NULL, sleepHere, NULL);
	pthread_setname_np(sleeping, "sleeping");
	pthread_create(&spinning, NULL, spinHere, NULL);
	pthread_setname_np(spinning, "spinning");
	puts("ready");
	fflush(stdout);
	return pthread_join(sleeping, NULL);
}
