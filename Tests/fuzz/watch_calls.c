// SPDX-License-Identifier: Apache-2.0
/* The calls about watches. */
#include "watch_calls.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <variable_monitor.h>

#include "places.h"
#include "run.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static _Atomic uint64_t last_id;	/* of a watch */

void watch_calls_reset(void)
{
	last_id = 0;
}

/* Long ones, mostly: a guest that ticks all the time does nothing else. */
static uint64_t interval(uint64_t word)
{
	static const uint64_t some[] = {
		0, 1000, 999, 3600000 * MS, 3600000 * MS + 1, 10000, 100000, UINT64_MAX,
	};

	if (word % 16 == 0)
		return some[(word >> 8) % COUNT(some)];
	if (word % 16 == 1)
		return word >> 16;
	return (1 + (word >> 8) % 200) * MS;	/* many groups */
}

pid_t any_process(uint64_t word)
{
	switch (word % 16) {
	case 0:
		return 1;
	case 1:
		return getppid();
	case 2:
		return getpid() + 1 + (word >> 8) % 4;
	case 3:
		return getpid();
	case 4:
		return run_child();
	case 5:
		return word >> 8;
	case 6:
		return 2;
	}
	return 0;
}

static struct vmon_watch watch_request(const uint64_t *word)
{
	struct vmon_watch request = {
		.address = place_any(word[0]),
		.threshold = (word[1] & 1) ? word[1] : (word[1] >> 1) % 256,
		.interval_ns = interval(word[2]),
		.pid = any_process(word[3]),
		.length = 1 << (word[4] % 4),
		.comparison = (word[4] >> 8) % 2,
		.flags = (word[4] >> 16) % 2,
		.name = "fuzz",
	};

	if (word[5] % 8 == 0)	/* one byte that is not as it should be */
		((char *)&request)[(word[5] >> 8) % sizeof(request)] ^= word[5] >> 32;
	if (word[5] % 64 == 1)
		memset(request.name, 'x', sizeof(request.name));
	return request;
}

void call_watch(const uint64_t *word)
{
	struct vmon_watch request = watch_request(word);

	if (ioctl(any_file(word[4] >> 32), VMON_IOC_WATCH, &request) == 0)
		last_id = request.id;
}

/* Any comparison and flags with values that fit them now and then, and short histories mostly. */
void call_condition(const uint64_t *word)
{
	struct vmon_watch_condition request = { .watch = watch_request(word) };

	request.watch.comparison = word[1] >> 32 & 15;
	request.watch.flags = word[1] >> 40 & 7;
	if (request.watch.comparison == VMON_CHANGED)
		request.watch.threshold = 0;
	if (request.watch.comparison == VMON_OUTSIDE)
		request.high = request.watch.threshold + word[2] % 3;
	if (request.watch.flags & VMON_WATCH_REARM)
		request.rearm = request.watch.threshold + word[3] % 3 - 1;
	request.ticks = word[4] >> 8 & 3;
	request.history = word[5] >> 16 & 63;
	if (word[5] % 16 == 2)
		request.history = VMON_HISTORY_MAX - 1 + (word[5] >> 16) % 3;
	if (word[5] % 8 == 3)	/* one byte that is not as it should be */
		((char *)&request)[(word[5] >> 8) % sizeof(request)] ^= word[5] >> 32;
	if (ioctl(any_file(word[4] >> 32), VMON_IOC_WATCH_CONDITION, &request) == 0)
		last_id = request.watch.id;
}

/* Changes, asks about and lists watches that run. */
void call_live(const uint64_t *word)
{
	static uint64_t ids[64];	/* nobody reads them */
	struct vmon_change change = { .id = last_id - word[1] % 8, .threshold = word[2] % 256 };
	struct vmon_watch_state state = { .id = change.id };
	struct vmon_watch_list list = { .ids = (uint64_t)ids, .capacity = word[2] % 64 };

	switch (word[3] % 3) {
	case 0:
		if (word[4] % 4 == 0)
			((char *)&change)[word[4] / 4 % sizeof(change)] ^= word[4] >> 32;
		ioctl(any_file(word[0]), VMON_IOC_CHANGE, &change);
		break;
	case 1:
		state.reserved = word[4] % 8 == 0;
		ioctl(any_file(word[0]), VMON_IOC_STATE, &state);
		break;
	case 2:
		if (word[4] % 4 == 0)
			list = (struct vmon_watch_list) { .ids = place_any(word[2]), .capacity = word[1] };
		ioctl(any_file(word[0]), VMON_IOC_LIST, &list);
		break;
	}
}

/* As many as fill groups, and more than there are groups for. */
void call_watches(const uint64_t *word)
{
	struct vmon_watch request = watch_request(word);
	unsigned int i, count = word[5] >> 40 & 63;

	request.address = place_variable(word[0]);
	for (i = 0; i < count; i++) {
		if (word[5] & 1)
			request.interval_ns += MS;
		if (ioctl(any_file(word[4] >> 32), VMON_IOC_WATCH, &request))
			return;
	}
}

void call_cancel(const uint64_t *word)
{
	uint64_t id = last_id - word[1] % 8;

	if (word[2] % 8 == 0)
		id = word[1];
	ioctl(any_file(word[0]), VMON_IOC_CANCEL, &id);
}

void call_cancel_all(const uint64_t *word)
{
	ioctl(any_file(word[0]), VMON_IOC_CANCEL_ALL);
}
