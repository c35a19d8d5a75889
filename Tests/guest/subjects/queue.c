// SPDX-License-Identifier: Apache-2.0
/*
 * A program that is watched without knowing it. Each line of its input is an action: the name of
 * a variable and its new value; `exit` and a status ends it. It answers each with a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slot { char tag; unsigned short depth; };
struct pool { long used; struct slot slots[3]; };

extern void set_library_depth(int value);

static volatile int queue_depth = 5;
volatile unsigned char level = 3;
volatile double load = 0.5;
struct pool pool;
static __thread volatile int per_thread;

static void set(const char *name, double value)
{
	if (!strcmp(name, "queue_depth"))
		queue_depth = (int)value;
	else if (!strcmp(name, "level"))
		level = (unsigned char)value;
	else if (!strcmp(name, "load"))
		load = value;
	else if (!strcmp(name, "slot"))
		((volatile struct pool *)&pool)->slots[2].depth = (unsigned short)value;
	else if (!strcmp(name, "library"))
		set_library_depth((int)value);
	else
		per_thread = (int)value;
}

int main(void)
{
	char name[32];
	double value;

	puts("ready");
	fflush(stdout);
	while (scanf("%31s %lf", name, &value) == 2) {
		if (!strcmp(name, "exit"))
			return (int)value;
		set(name, value);
		puts(name);
		fflush(stdout);
	}
	return per_thread == -1;
}
