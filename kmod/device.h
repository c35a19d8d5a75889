/* SPDX-License-Identifier: GPL-2.0-only */
/* The device node. */
#ifndef VMON_DEVICE_H
#define VMON_DEVICE_H

int device_init(void);
void device_exit(void);

#endif
