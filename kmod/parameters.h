/* SPDX-License-Identifier: GPL-2.0-only */
/* Module parameters; validated once, at load, and constant from then on. */
#ifndef VMON_PARAMETERS_H
#define VMON_PARAMETERS_H

#include <linux/types.h>

extern unsigned long buffer_bytes;
extern unsigned int user_stack_bytes;
extern unsigned int max_tasks;
extern unsigned int max_dump_ms;
extern unsigned int dump_gap_ms;
extern unsigned long min_interval_ns;
extern unsigned long min_interval_unprivileged_ns;
extern unsigned int tick_budget_percent;
extern char *dump_states;
extern bool dump_on_hang;

/* 0, or -EINVAL after naming the bad parameter in the log. */
int parameters_check(void);

#endif
