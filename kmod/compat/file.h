/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Since 6.8 a mapping's file on overlayfs is the one underneath, and the path and inode
 * that /proc/PID/maps shows are asked for by name. Before, path and inode of the mapping's
 * file were shown as they are.
 */
#ifndef VMON_COMPAT_FILE_H
#define VMON_COMPAT_FILE_H

#include <linux/fs.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define compat_file_user_inode(file) file_user_inode(file)
#define compat_file_user_path(file) file_user_path(file)
#else
#define compat_file_user_inode(file) file_inode(file)
#define compat_file_user_path(file) (&(file)->f_path)
#endif

#endif
