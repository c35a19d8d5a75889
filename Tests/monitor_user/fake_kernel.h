/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that monitor_user.h makes, answered without a kernel module. The
 * linker puts them in with --wrap. As the module does, a device answers with EIO to any
 * process but the one that opened it.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include "variable_monitor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DESCRIPTORS 64			/* they are 10, 11, … */

extern char calls[4096];		/* "open 10, watch 10, …": everything asked so far */
extern struct vmon_watch last_request;
extern struct vmon_watch_condition last_condition;
extern struct vmon_change last_change;
extern int last_open_flags;
extern int open_error;			/* errno with which open fails; 0: it succeeds */
extern int device_error[DESCRIPTORS];	/* … with which calls on a descriptor fail */

#ifdef __cplusplus
}
#endif

#endif
