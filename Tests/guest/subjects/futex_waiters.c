// SPDX-License-Identifier: Apache-2.0
/*
 * Main holds two pthread mutexes, for each of which a thread waits: "plain" for a plain one,
 * "inheriting" for one with priority inheritance. Prints their addresses.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, inheriting;

static void *wait_for(void *mutex)
{
	pthread_mutex_lock(mutex);
	return NULL;
}

int main(void)
{
	pthread_mutexattr_t attributes;
	pthread_t threads[2];

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&inheriting, &attributes);
	pthread_mutex_lock(&plain);
	pthread_mutex_lock(&inheriting);
	pthread_create(&threads[0], NULL, wait_for, &plain);
	pthread_setname_np(threads[0], "plain");
	pthread_create(&threads[1], NULL, wait_for, &inheriting);
	pthread_setname_np(threads[1], "inheriting");
	printf("%p %p\n", (void *)&plain, (void *)&inheriting);
	fflush(stdout);
	for (;;)
		pause();
}
