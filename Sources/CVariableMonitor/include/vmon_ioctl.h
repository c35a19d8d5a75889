/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's ioctls as functions. Swift imports neither variadic functions
 * nor _IOW-style macros, and C programs need the same three lines; each returns
 * 0, or the negative errno that variable_monitor.h lists.
 */
#ifndef VMON_IOCTL_H
#define VMON_IOCTL_H

#include <errno.h>
#include <sys/ioctl.h>

#include "variable_monitor.h"

/* Starts one watch on the open device fd and fills in watch->id. */
static inline int vmon_ioctl_watch(int fd, struct vmon_watch *watch)
{
	return ioctl(fd, VMON_IOC_WATCH, watch) < 0 ? -errno : 0;
}

/* The same with any condition; fills in condition->watch.id. */
static inline int vmon_ioctl_watch_condition(int fd, struct vmon_watch_condition *condition)
{
	return ioctl(fd, VMON_IOC_WATCH_CONDITION, condition) < 0 ? -errno : 0;
}

/* Gives the watch of change->id other values. */
static inline int vmon_ioctl_change(int fd, const struct vmon_change *change)
{
	return ioctl(fd, VMON_IOC_CHANGE, change) < 0 ? -errno : 0;
}

/* Fills in how the watch of state->id is. */
static inline int vmon_ioctl_state(int fd, struct vmon_watch_state *state)
{
	return ioctl(fd, VMON_IOC_STATE, state) < 0 ? -errno : 0;
}

/* Writes the first ids, and to *count how many watches there are. */
static inline int vmon_ioctl_list(int fd, __u64 *ids, __u32 capacity, __u32 *count)
{
	struct vmon_watch_list list = { (__u64)(unsigned long)ids, capacity, 0 };

	if (ioctl(fd, VMON_IOC_LIST, &list) < 0)
		return -errno;
	*count = list.count;
	return 0;
}

/* Ends the watch of that id. */
static inline int vmon_ioctl_cancel(int fd, __u64 id)
{
	return ioctl(fd, VMON_IOC_CANCEL, &id) < 0 ? -errno : 0;
}

/* Ends all watches of the open device fd. */
static inline int vmon_ioctl_cancel_all(int fd)
{
	return ioctl(fd, VMON_IOC_CANCEL_ALL) < 0 ? -errno : 0;
}

/* Frees the buffer up to and including the record of that sequence number. */
static inline int vmon_ioctl_release(int fd, __u64 sequence)
{
	return ioctl(fd, VMON_IOC_RELEASE, &sequence) < 0 ? -errno : 0;
}

/* Has a dump made now, and fills in request->dump_id when it is in the buffer. */
static inline int vmon_ioctl_dump(int fd, struct vmon_dump_request *request)
{
	return ioctl(fd, VMON_IOC_DUMP, request) < 0 ? -errno : 0;
}

#endif /* VMON_IOCTL_H */
