// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#include "interval.h"
#include "parameters.h"
#include "ring.h"

unsigned long buffer_bytes = 16UL << 20;
module_param(buffer_bytes, ulong, 0444);
MODULE_PARM_DESC(buffer_bytes, "size of the record buffer in bytes, 256 KiB to 4 GiB (default 16 MiB)");

unsigned int user_stack_bytes = 16384;
module_param(user_stack_bytes, uint, 0444);
MODULE_PARM_DESC(user_stack_bytes, "most bytes of a task's user stack that a dump copies, 0 to 65536 (default 16384)");

unsigned int max_tasks = 4096;
module_param(max_tasks, uint, 0444);
MODULE_PARM_DESC(max_tasks, "most tasks in one dump, 1 to 65536 (default 4096)");

unsigned int max_dump_ms = 10000;
module_param(max_dump_ms, uint, 0444);
MODULE_PARM_DESC(max_dump_ms, "time after which a dump skips its remaining tasks, in ms, 1 to 600000 (default 10000)");

unsigned int dump_gap_ms = 1000;
module_param(dump_gap_ms, uint, 0444);
MODULE_PARM_DESC(dump_gap_ms, "least time between the starts of two dumps, in ms, 0 to 3600000 (default 1000)");

unsigned long min_interval_ns = 1000;
module_param(min_interval_ns, ulong, 0444);
MODULE_PARM_DESC(min_interval_ns, "shortest interval for callers with CAP_SYS_ADMIN or CAP_PERFMON, in ns (default 1000)");

unsigned long min_interval_unprivileged_ns = 10000;
module_param(min_interval_unprivileged_ns, ulong, 0444);
MODULE_PARM_DESC(min_interval_unprivileged_ns, "shortest interval for other callers, in ns (default 10000)");

unsigned int tick_budget_percent = 25;
module_param(tick_budget_percent, uint, 0444);
MODULE_PARM_DESC(tick_budget_percent, "most percent of each CPU's time that ticks and their interrupts may take before they are throttled, 1 to 90 (default 25)");

char *dump_states = "RDI";
module_param(dump_states, charp, 0444);
MODULE_PARM_DESC(dump_states, "state letters of the tasks to dump: R running, D uninterruptible, I idle-uninterruptible, S sleeping, T stopped, t traced, P parked (default RDI)");

bool dump_on_hang;
module_param(dump_on_hang, bool, 0444);
MODULE_PARM_DESC(dump_on_hang, "also dump when the kernel finds a hung task, see kernel.hung_task_timeout_secs (default N)");

static bool within(const char *name, u64 value, u64 least, u64 most)
{
	if (value >= least && value <= most)
		return true;
	pr_err("%s=%llu: must be from %llu to %llu\n", name, value, least, most);
	return false;
}

int parameters_check(void)
{
	bool good = within("buffer_bytes", buffer_bytes, RING_SIZE_MIN, 4ULL << 30);

	good &= within("user_stack_bytes", user_stack_bytes, 0, VMON_USER_STACK_MAX);
	good &= within("max_tasks", max_tasks, 1, 65536);
	good &= within("max_dump_ms", max_dump_ms, 1, 600000);
	good &= within("dump_gap_ms", dump_gap_ms, 0, 3600000);
	good &= within("min_interval_ns", min_interval_ns, 1000, INTERVAL_MAX_NS);
	good &= within("min_interval_unprivileged_ns", min_interval_unprivileged_ns,
			 1000, INTERVAL_MAX_NS);
	good &= within("tick_budget_percent", tick_budget_percent, 1, 90);
	if (dump_states[strspn(dump_states, "RDISTtP")]) {
		pr_err("dump_states=%s: letters other than RDISTtP\n", dump_states);
		good = false;
	}
	return good ? 0 : -EINVAL;
}
