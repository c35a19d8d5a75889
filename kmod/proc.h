/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/variable_monitor: two knobs, and the status. */
#ifndef VMON_PROC_H
#define VMON_PROC_H

int proc_init(void);
void proc_exit(void);

#endif
