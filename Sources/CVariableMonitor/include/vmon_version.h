/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The version of all of it: modinfo and ucli --version show it. */
#ifndef VMON_VERSION_H
#define VMON_VERSION_H

#define VMON_VERSION "0.1.0"

#endif /* VMON_VERSION_H */
