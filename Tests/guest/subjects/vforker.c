// SPDX-License-Identifier: Apache-2.0
/* The parent of vfork() stays uninterruptible as long as its child does not exec or exit. */
#include <stdio.h>
#include <unistd.h>

__attribute__((noinline)) int waitForChild(void)
{
	pid_t child = vfork();

	if (child == 0)
		for (;;)
			pause();
	return child > 0;
}

int main(void)
{
	puts("ready");
	fflush(stdout);
	return waitForChild() + 1;
}
