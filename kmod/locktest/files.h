/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of a module in /sys/kernel/debug/MODULE. */
#ifndef LOCKTEST_FILES_H
#define LOCKTEST_FILES_H

#include "scenario.h"

void files_create(const char *module);
void files_add_start(const struct scenario *scenario);
void files_remove(void);

#endif
