// SPDX-License-Identifier: Apache-2.0
/*
 * Runs for ever in user mode, now in one function, now in another, and keeps on its
 * stack which of the two it is in; 0 on the way from one to the other.
 *
 * Prints the ranges of the functions, and where on the stack that number lies.
 */
#include <stdio.h>

static volatile unsigned long rounds;

__attribute__((noinline, section("first"))) void runFirst(unsigned long count, volatile unsigned long *running)
{
	*running = 1;
	while (count--)
		rounds++;
	*running = 0;
}

__attribute__((noinline, section("second"))) void runSecond(unsigned long count, volatile unsigned long *running)
{
	*running = 2;
	while (count--)
		rounds--;
	*running = 0;
}

extern const char __start_first[], __stop_first[], __start_second[], __stop_second[];

int main(void)
{
	volatile unsigned long running = 0;

	printf("%p %p %p %p %p\n", (const void *)__start_first, (const void *)__stop_first,
	       (const void *)__start_second, (const void *)__stop_second, (const void *)&running);
	fflush(stdout);
	for (unsigned long turn = 1;; turn = turn * 6364136223846793005 + 1442695040888963407) {
		runFirst(1000000 + (turn >> 44), &running);
		runSecond(1000000 + (turn >> 44), &running);
	}
}
