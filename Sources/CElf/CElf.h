/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libelf, for the symbol tables of programs and libraries, and the system's headers
 * that tell about files and that Swift's Glibc module lacks.
 */
#include <gelf.h>
#include <libelf.h>
#include <zlib.h>
#include <sys/auxv.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
