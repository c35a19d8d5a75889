// SPDX-License-Identifier: Apache-2.0
/*
 * Makes the module's calls from 32-bit code: each line that it reads is one, and each that it writes
 * is what came of it: 0 or a negative errno, and numbers. In between it sleeps in read(2).
 *
 *     where                               addresses of its variable, and of a mark on its stack
 *     set VALUE                           of its variable
 *     watch PID ADDRESS THRESHOLD         the watch's id
 *     condition LOW HIGH TICKS HISTORY    the id of one of its variable
 *     change ID LOW HIGH
 *     state ID                            all that there is
 *     list CAPACITY                       how many there are, and three places for ids
 *     cancel ID
 *     cancel_all
 *     dump PID                            the dump's id
 *     read FILE                           of the last hit its watch, value, threshold and process, and the last
 *                                         record's number; the file gets all bytes
 *     release SEQUENCE
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmon_ioctl.h"

_Static_assert(sizeof(void *) == 4, "this is about 32-bit code");

static volatile long long variable;
static const volatile char *mark_on_stack;
static int device;

struct call {
	char path[256];
	long long given[4];
	long long found[8];
	int count;
};

static void tell(struct call *call, long long number)
{
	call->found[call->count++] = number;
}

static int where(struct call *call)
{
	tell(call, (unsigned long)&variable);
	tell(call, (unsigned long)mark_on_stack);
	return 0;
}

static int set(struct call *call)
{
	variable = call->given[0];
	return 0;
}

static int watch(struct call *call)
{
	struct vmon_watch watch = {
		.pid = call->given[0], .address = call->given[1], .threshold = call->given[2],
		.length = sizeof(variable), .interval_ns = 1000000, .name = "number",
	};
	int result = vmon_ioctl_watch(device, &watch);

	tell(call, watch.id);
	return result;
}

static int condition(struct call *call)
{
	struct vmon_watch_condition condition = {
		.watch = {
			.address = (unsigned long)&variable, .length = sizeof(variable),
			.comparison = VMON_OUTSIDE, .threshold = call->given[0],
			.interval_ns = 1000000, .name = "range",
		},
		.high = call->given[1], .ticks = call->given[2], .history = call->given[3],
	};
	int result = vmon_ioctl_watch_condition(device, &condition);

	tell(call, condition.watch.id);
	return result;
}

static int change(struct call *call)
{
	struct vmon_change change = {
		.id = call->given[0], .threshold = call->given[1], .high = call->given[2],
	};

	return vmon_ioctl_change(device, &change);
}

static int state(struct call *call)
{
	struct vmon_watch_state state = { .id = call->given[0] };
	int result = vmon_ioctl_state(device, &state);

	tell(call, state.id);
	tell(call, state.hits);
	tell(call, state.muted_ticks);
	tell(call, state.timer_ticks);
	tell(call, state.throttled_ticks);
	tell(call, state.interval_ns);
	tell(call, state.current_interval_ns);
	tell(call, state.flags);
	return result;
}

static int list(struct call *call)
{
	__u64 ids[3] = { 0 };
	__u32 count = 0;
	int result = vmon_ioctl_list(device, ids, call->given[0], &count);

	tell(call, count);
	for (int i = 0; i < 3; i++)
		tell(call, ids[i]);
	return result;
}

static int cancel(struct call *call)
{
	return vmon_ioctl_cancel(device, call->given[0]);
}

static int cancel_all(struct call *call)
{
	(void)call;
	return vmon_ioctl_cancel_all(device);
}

static int dump(struct call *call)
{
	struct vmon_dump_request request = { .pid = call->given[0] };
	int result = vmon_ioctl_dump(device, &request);

	tell(call, request.dump_id);
	return result;
}

/* Goes through what one read(2) returned. */
static int look_at(const char *records, ssize_t size, struct vmon_hit *hit, __u64 *sequence)
{
	const struct vmon_record *record;
	ssize_t at;

	for (at = 0; at < size; at += record->size) {
		record = (const void *)(records + at);
		if (record->magic != VMON_RECORD_MAGIC || record->size < sizeof(*record))
			return -EBADMSG;
		if (record->type == VMON_RECORD_HIT)
			memcpy(hit, record, sizeof(*hit));
		*sequence = record->sequence;
	}
	return at == size ? 0 : -EBADMSG;
}

static int read_all(struct call *call)
{
	static _Alignas(8) char records[VMON_RECORD_SIZE_MAX];
	int file = open(call->path, O_WRONLY | O_CREAT | O_TRUNC, 0600), result = 0;
	struct vmon_hit hit = { 0 };
	__u64 sequence = 0;
	ssize_t size;

	while (!result && (size = read(device, records, sizeof(records))) > 0)
		result = write(file, records, size) == size ?
			 look_at(records, size, &hit, &sequence) : -EIO;
	if (!result && errno != EAGAIN)
		result = -errno;
	close(file);
	tell(call, hit.watch_id);
	tell(call, hit.value);
	tell(call, hit.threshold);
	tell(call, hit.pid);
	tell(call, sequence);
	return result;
}

static int release(struct call *call)
{
	return vmon_ioctl_release(device, call->given[0]);
}

static const struct {
	const char *name;
	int (*make)(struct call *call);
} calls[] = {
	{ "where", where }, { "set", set }, { "watch", watch }, { "condition", condition },
	{ "change", change }, { "state", state }, { "list", list }, { "cancel", cancel },
	{ "cancel_all", cancel_all }, { "dump", dump }, { "read", read_all }, { "release", release },
};

/* Of one line; what it returns and finds becomes another. */
static void answer(const char *line)
{
	struct call call = { 0 };
	int result = -ENOSYS;
	char name[16] = "";

	sscanf(line, "%15s %255s", name, call.path);
	sscanf(line, "%*s %lld %lld %lld %lld", &call.given[0], &call.given[1], &call.given[2],
	       &call.given[3]);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, name))
			result = calls[i].make(&call);
	printf("%d", result);
	for (int i = 0; i < call.count; i++)
		printf(" %lld", call.found[i]);
	puts("");
}

int main(void)
{
	volatile char mark[] = "a mark on the stack of 32-bit code";
	char line[512];

	mark_on_stack = mark;
	setvbuf(stdout, NULL, _IOLBF, 0);
	device = open(VMON_DEVICE_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (device < 0)
		return 1;
	puts("ready");
	while (fgets(line, sizeof(line), stdin))
		answer(line);
	return mark[0] == 0;
}
