// SPDX-License-Identifier: Apache-2.0
/*
 * Starts a watch of each kind through monitor_user.h, brings its condition about, and prints the
 * names of those that hit; exits when all did.
 */
#include <stdio.h>
#include <unistd.h>

#include "monitor_user.h"

static volatile int above = 100, changed, row = 5, moved = 200;
static volatile float below = 0.5f;
static volatile signed char equal = 5;
static volatile unsigned long not_equal = -1ul;
static volatile double outside = 0.5;
static volatile short changed_by;
static volatile long unchanged;
static volatile unsigned char bits_any = 1, bits_all = 4;

static struct vmon_watch_condition watches[12];
static int count;

static void start(struct vmon_watch_condition condition)
{
	condition.watch.interval_ns = 1000000;
	if (start_watch_condition(&condition)) {
		printf("%s: %s\n", condition.watch.name, monitor_strerror(errno));
		_exit(1);
	}
	watches[count++] = condition;
}

/* Waits until each watch has so many ticks and hits. */
static void wait_for(__u64 ticks, __u64 hits)
{
	struct vmon_watch_state state;

	for (int i = 0; i < count; i++)
		do {
			usleep(1000);
			if (watch_state(watches[i].watch.id, &state))
				_exit(2);
		} while (state.timer_ticks < ticks || state.hits < hits);
}

int main(void)
{
	__u64 ids[2];

	start(WATCH_ABOVE_REARM("above", &above, 150, 120));
	start(WATCH_BELOW("below", &below, -1.5));
	start(WATCH_EQUAL("equal", &equal, -7));
	start(WATCH_NOT_EQUAL("notEqual", &not_equal, -1ul));
	start(WATCH_OUTSIDE("outside", &outside, 0.1, 0.9));
	start(WATCH_CHANGED("changed", &changed));
	start(WATCH_CHANGED_BY("changedBy", &changed_by, 10));
	start(WATCH_UNCHANGED("unchanged", &unchanged, 50 * 1000 * 1000));
	start(WATCH_BITS_ANY("bitsAny", &bits_any, 12));
	start(WATCH_BITS_ALL("bitsAll", &bits_all, 12));
	start(WATCH_ABOVE("moved", &moved, 1000));
	watches[count] = WATCH_ABOVE("row", &row, 5);
	watches[count].ticks = 3;
	watches[count].history = 16;
	start(watches[count]);

	wait_for(3, 0);		/* a tick must have seen what is there before */
	watches[10].watch.threshold = 100;
	if (change_watch(&watches[10]))
		return 3;
	above = 151;
	below = -2;
	equal = -7;
	not_equal = 1;
	outside = 1;
	changed = 1;
	changed_by = -11;
	bits_any = 4;
	bits_all = 12;
	row = 6;
	wait_for(0, 1);

	printf("%d watches\n", list_watches(ids, 2));
	if (ids[0] != watches[0].watch.id || cancel_one_watch(ids[0]) || cancel_one_watch(ids[0]) == 0)
		return 4;
	printf("%d watches\n", list_watches(NULL, 0));
	return 0;
}
