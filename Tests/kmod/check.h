/* SPDX-License-Identifier: Apache-2.0 */
/* A test is a function; CHECK() ends it with a message. Each file's main() runs its own. */
#ifndef CHECK_H
#define CHECK_H

#include <setjmp.h>
#include <stdio.h>

static jmp_buf check_failed;
static int check_passes, check_failures;

#define CHECK(condition)                                                                \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			longjmp(check_failed, 1);                                       \
		}                                                                       \
	} while (0)

#define RUN(test)                                       \
	do {                                            \
		if (setjmp(check_failed)) {             \
			printf("FAIL %s\n", #test);     \
			check_failures++;               \
		} else {                                \
			test();                         \
			printf("ok   %s\n", #test);     \
			check_passes++;                 \
		}                                       \
	} while (0)

/* The exit status of main(): 0 if all passed. */
static inline int check_summary(void)
{
	printf("%d passed, %d failed\n", check_passes, check_failures);
	return check_failures || !check_passes;
}

#endif
