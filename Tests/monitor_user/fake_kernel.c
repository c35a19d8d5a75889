// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_kernel.h"

char calls[4096];
struct vmon_watch last_request;
struct vmon_watch_condition last_condition;
struct vmon_change last_change;
int last_open_flags;
int open_error;
int device_error[DESCRIPTORS];

static pid_t owner[DESCRIPTORS];
static int next_descriptor = 10;

int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int descriptor);
int __wrap_ioctl(int descriptor, unsigned long request, ...);

static void note(const char *call, int descriptor)
{
	size_t used = strlen(calls);

	snprintf(calls + used, sizeof(calls) - used, "%s%s %d", used ? ", " : "", call, descriptor);
}

static int fail(int error)
{
	errno = error;
	return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
	int descriptor = open_error || strcmp(path, VMON_DEVICE_PATH) ? -1 : next_descriptor++;

	if (descriptor >= DESCRIPTORS)
		abort();	/* it opens for ever */
	note("open", descriptor);
	last_open_flags = flags;
	if (descriptor < 0)
		return fail(open_error ? open_error : ENOENT);
	owner[descriptor] = getpid();
	return descriptor;
}

int __wrap_close(int descriptor)
{
	note("close", descriptor);
	return 0;
}

static const char *name_of(unsigned long request)
{
	switch (request) {
	case VMON_IOC_WATCH:
		return "watch";
	case VMON_IOC_WATCH_CONDITION:
		return "condition";
	case VMON_IOC_CHANGE:
		return "change";
	case VMON_IOC_STATE:
		return "state";
	case VMON_IOC_LIST:
		return "list";
	case VMON_IOC_CANCEL:
		return "cancel one";
	case VMON_IOC_CANCEL_ALL:
		return "cancel";
	}
	return "?";
}

/* Three watches are listed, the last one's id is given out, and a state has the id as its hits. */
static void answer(unsigned long request, void *argument)
{
	struct vmon_watch_list *list = argument;
	__u64 *ids;

	switch (request) {
	case VMON_IOC_WATCH:
		last_request = *(struct vmon_watch *)argument;
		break;
	case VMON_IOC_WATCH_CONDITION:
		((struct vmon_watch_condition *)argument)->watch.id = 7;
		last_condition = *(struct vmon_watch_condition *)argument;
		break;
	case VMON_IOC_CHANGE:
		last_change = *(struct vmon_change *)argument;
		break;
	case VMON_IOC_STATE:
		((struct vmon_watch_state *)argument)->hits = ((struct vmon_watch_state *)argument)->id;
		break;
	case VMON_IOC_LIST:
		ids = (__u64 *)(unsigned long)list->ids;
		for (__u32 i = 0; i < 3 && i < list->capacity; i++)
			ids[i] = 5 + i;
		list->count = 3;
		break;
	}
}

int __wrap_ioctl(int descriptor, unsigned long request, ...)
{
	va_list arguments;

	note(name_of(request), descriptor);
	if (request != VMON_IOC_CANCEL_ALL) {
		va_start(arguments, request);
		answer(request, va_arg(arguments, void *));
		va_end(arguments);
	}
	if (device_error[descriptor])
		return fail(device_error[descriptor]);
	return owner[descriptor] == getpid() ? 0 : fail(EIO);
}
