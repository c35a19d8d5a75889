// SPDX-License-Identifier: Apache-2.0
/* Sleeps with 1 MiB of stack below main, every word of it written. */
#include <poll.h>
#include <stdio.h>

#define WORDS 1024

__attribute__((noinline)) int descend(int depth)
{
	volatile unsigned long words[WORDS];
	int found;

	for (unsigned long i = 0; i < WORDS; i++)
		words[i] = i * (unsigned long)depth;
	found = depth ? descend(depth - 1) : poll(NULL, 0, -1);
	return found + (int)words[1];
}

int main(void)
{
	puts("ready");
	fflush(stdout);
	return descend(128);
}
