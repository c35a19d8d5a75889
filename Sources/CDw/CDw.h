/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libdw, for the lines of source code that an address belongs to. Its reader of call-frame
 * information and its finder of files, libdwfl, are not used: they are slow.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>
