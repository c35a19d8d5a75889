// SPDX-License-Identifier: Apache-2.0
/*
 * Runs for ever in user mode. Its last system call lies in another function,
 * so that registers which were saved there can be told from the true ones.
 *
 * Prints the range of spinHere.
 */
#include <stdio.h>

static volatile unsigned long rounds;

__attribute__((noinline, section("spin"))) int spinHere(void)
{
	for (;;)
		rounds++;
	return 1;
}

extern const char __start_spin[], __stop_spin[];

__attribute__((noinline)) void reportReady(void)
{
	printf("%p %p\n", (const void *)__start_spin, (const void *)__stop_spin);
	fflush(stdout);
}

int main(void)
{
	reportReady();
	return spinHere() + (int)rounds;
}
