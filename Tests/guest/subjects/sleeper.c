// SPDX-License-Identifier: Apache-2.0
/* Sleeps for ever, in a function two calls below main. */
#include <poll.h>
#include <stdio.h>

__attribute__((noinline)) int sleepHere(int milliseconds)
{
	return poll(NULL, 0, milliseconds) + 1;
}

__attribute__((noinline)) int callSleep(int milliseconds)
{
	return sleepHere(milliseconds) + 1;
}

int main(void)
{
	puts("ready");
	fflush(stdout);
	return callSleep(-1);
}
