// SPDX-License-Identifier: Apache-2.0
/*
 * 200 threads, each at the bottom of a recursion through two functions without frame
 * pointers, that sleep again and again: every switch is a deep stack to unwind.
 *
 *     deep [rounds]        how often each sleeps, default 20; 0: until it is killed
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define THREADS 200
#define DEPTH 34

static volatile int sink;
static long rounds = 20;

static int descendEven(int depth);

static __attribute__((noinline)) int sleepHere(void)
{
	struct timespec pause = { .tv_nsec = 10000000 };

	for (long round = 0; rounds == 0 || round < rounds; round++)
		nanosleep(&pause, NULL);
	return sink;
}

/* The rest of each function uses what the call returned: no frame is replaced by the next one's. */
static __attribute__((noinline)) int descendOdd(int depth)
{
	return (depth ? descendEven(depth - 1) : sleepHere()) + sink;
}

static __attribute__((noinline)) int descendEven(int depth)
{
	return (depth ? descendOdd(depth - 1) : sleepHere()) - sink;
}

static void *run(void *unused)
{
	descendEven(DEPTH);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	if (argc > 1)
		rounds = atol(argv[1]);
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, run, NULL)) {
			fprintf(stderr, "deep: no thread %d\n", i);
			return 1;
		}
	}
	puts("deep");
	fflush(stdout);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
