// SPDX-License-Identifier: Apache-2.0
/*
 * Two threads, "first" and "second", each hold a pthread mutex and wait for the other's. Main waits for
 * them. Prints the mutexes' addresses once both are held.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold;

static void lock_both(pthread_mutex_t *mine, pthread_mutex_t *other)
{
	pthread_mutex_lock(mine);
	pthread_barrier_wait(&both_hold);
	pthread_mutex_lock(other);
}

static void *first(void *unused)
{
	lock_both(&a, &b);
	return unused;
}

static void *second(void *unused)
{
	lock_both(&b, &a);
	return unused;
}

int main(void)
{
	pthread_t threads[2];

	pthread_barrier_init(&both_hold, NULL, 3);
	pthread_create(&threads[0], NULL, first, NULL);
	pthread_setname_np(threads[0], "first");
	pthread_create(&threads[1], NULL, second, NULL);
	pthread_setname_np(threads[1], "second");
	pthread_barrier_wait(&both_hold);
	printf("%p %p\n", (void *)&a, (void *)&b);
	fflush(stdout);
	pthread_join(threads[0], NULL);
}
