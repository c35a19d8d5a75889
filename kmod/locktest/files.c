// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a module in /sys/kernel/debug/MODULE:
 *
 *   status            who holds what, who waits for what, how it ended; see scenario_show()
 *   stop              1 ends the scenario that runs
 *   one per scenario  1 starts it (mutex_recursion and mutex_hold)
 */
#include "files.h"

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static struct dentry *folder;

static int status_show(struct seq_file *to, void *unused)
{
	scenario_show(to);
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(status);

static int stop(void *unused, u64 value)
{
	return value == 1 ? scenario_end() : -EINVAL;
}

DEFINE_DEBUGFS_ATTRIBUTE(stop_operations, NULL, stop, "%llu\n");

static int start(void *scenario, u64 value)
{
	return value == 1 ? scenario_start(scenario) : -EINVAL;
}

DEFINE_DEBUGFS_ATTRIBUTE(start_operations, NULL, start, "%llu\n");

void files_create(const char *module)
{
	folder = debugfs_create_dir(module, NULL);
	debugfs_create_file("status", 0400, folder, NULL, &status_fops);
	debugfs_create_file("stop", 0200, folder, NULL, &stop_operations);
}

/* A file of the scenario's name that starts it. */
void files_add_start(const struct scenario *scenario)
{
	debugfs_create_file(scenario->name, 0200, folder, (void *)scenario, &start_operations);
}

/* After it nobody is in one of the files any more. */
void files_remove(void)
{
	debugfs_remove(folder);
}
