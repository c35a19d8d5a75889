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

int __wrap_ioctl(int descriptor, unsigned long request, ...)
{
	va_list arguments;

	note(request == VMON_IOC_WATCH ? "watch" : request == VMON_IOC_CANCEL_ALL ? "cancel" : "?",
	     descriptor);
	if (request == VMON_IOC_WATCH) {
		va_start(arguments, request);
		last_request = *va_arg(arguments, struct vmon_watch *);
		va_end(arguments);
	}
	if (device_error[descriptor])
		return fail(device_error[descriptor]);
	return owner[descriptor] == getpid() ? 0 : fail(EIO);
}
