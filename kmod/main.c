// SPDX-License-Identifier: GPL-2.0-only
/*
 * Variable Monitor: watches variables of processes every few microseconds, and
 * records what the machine was doing when one crosses its threshold. The way
 * of the data: tick_timer.c → timer_group.c → hits.c → trigger.c → dump.c → buffer.c → device.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>

#include "buffer.h"
#include "capture.h"
#include "device.h"
#include "dump.h"
#include "lock_finder.h"
#include "parameters.h"
#include "proc.h"
#include "tick_budget.h"
#include "tick_timer.h"
#include "trigger.h"
#include "vmon_version.h"
#include "watched_page.h"

static int __init variable_monitor_init(void)
{
	int error = parameters_check();

	if (error)
		return error;
	error = buffer_init(buffer_bytes);
	if (error)
		return error;
	error = dump_init();
	if (error)
		goto destroy_buffer;
	error = on_cpu_init();
	if (error)
		goto exit_dump;
	error = lock_finder_init();
	if (error)
		goto exit_on_cpu;
	error = trigger_init();
	if (error)
		goto exit_lock_finder;
	error = watched_pages_init();
	if (error)
		goto exit_trigger;
	tick_budget_init();
	error = tick_timers_init();
	if (error)
		goto exit_watched_pages;
	error = proc_init();
	if (error)
		goto exit_tick_timers;
	error = device_init();
	if (error)
		goto exit_proc;
	return 0;

exit_proc:
	proc_exit();
exit_tick_timers:
	tick_timers_exit();
exit_watched_pages:
	watched_pages_exit();
exit_trigger:
	trigger_exit();
exit_lock_finder:
	lock_finder_exit();
exit_on_cpu:
	on_cpu_exit();
exit_dump:
	dump_exit();
destroy_buffer:
	buffer_destroy();
	return error;
}

/* No session is open, so no watch is left, and no tick runs. */
static void __exit variable_monitor_exit(void)
{
	device_exit();
	proc_exit();
	tick_timers_exit();
	watched_pages_exit();
	trigger_exit();
	lock_finder_exit();
	on_cpu_exit();
	dump_exit();
	buffer_destroy();
}

module_init(variable_monitor_init);
module_exit(variable_monitor_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(VMON_VERSION);
MODULE_DESCRIPTION("Watches variables of processes and dumps all running and stuck tasks when one crosses its threshold");
