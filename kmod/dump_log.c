// SPDX-License-Identifier: GPL-2.0-only
/* The lines are a fixed format that people grep for: no prefix. */
#define pr_fmt(fmt) fmt

#include <linux/jiffies.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#include "dump.h"
#include "history.h"
#include "watch.h"

/* Watches named per block; the records name all. */
#define LINES_MAX 32

#define RULE "-------------------------------------\n"

static DEFINE_RATELIMIT_STATE(blocks, 60 * HZ, 30);

static void log_watch(const struct watch *watch)
{
	const char *format = watch->flags & VMON_WATCH_UNSIGNED ?
		KERN_INFO ": pid: %d, name: %*pE, ptr: %p, threshold:%llu\n" :
		KERN_INFO ": pid: %d, name: %*pE, ptr: %p, threshold:%lld\n";

	/* The name is the caller's: escaped, it cannot forge lines. */
	printk(format, pid_nr(watch->process->pid), (int)strlen(watch->name), watch->name,
	       (void *)(unsigned long)watch->address, watch->hit.threshold);
}

void dump_log(struct llist_node *hits)
{
	const struct watch *first = llist_entry(hits, struct watch, in_pending), *watch;
	unsigned int lines = 0;

	if (!hits || !__ratelimit(&blocks))
		return;
	pr_info(RULE);
	pr_info("-----------variable monitor----------\n");
	pr_info("超出阈值:%llu\n", first->hit.tick_realtime_ns);
	llist_for_each_entry(watch, hits, in_pending)
		if (lines++ < LINES_MAX)
			log_watch(watch);
	if (lines > LINES_MAX)
		pr_info(": and %u more\n", lines - LINES_MAX);
	pr_info(RULE);
}
