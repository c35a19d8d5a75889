/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the build-id of a mapped ELF file in the memory it is mapped to. Pure
 * logic over a reader, so that Tests/kmod can feed it anything; every byte is hostile.
 */
#ifndef VMON_BUILD_ID_H
#define VMON_BUILD_ID_H

#include <variable_monitor.h>

/* Copies `size` bytes at that address; false if they cannot be read without waiting. */
typedef int (*memory_reader)(void *to, __u64 address, __u32 size);

/*
 * Fills in the build-id of the ELF file whose first byte is mapped at `base`.
 * Returns its length, or 0 if there is none or it cannot be read.
 */
__u8 build_id_read(memory_reader read, __u64 base, __u8 build_id[VMON_BUILD_ID_MAX]);

#endif
