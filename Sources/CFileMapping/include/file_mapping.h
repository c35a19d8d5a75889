/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files mapped for reading that may be cut short meanwhile.
 *
 * Touching a page behind the end of a mapped file raises SIGBUS, which ends a program.
 * Whoever may write a file that is being read could so end its reader. A handler puts a
 * page of zeros there instead, and the read goes on: what it finds is damaged, as any
 * file may be, and not fatal. Reading all with pread(2) into buffers would avoid the signal too,
 * but would copy what is looked at, and keep a descriptor open for each file.
 *
 * It is C, because a signal handler may run next to nothing of a language's run time.
 */
#ifndef FILE_MAPPING_H
#define FILE_MAPPING_H

#include <stddef.h>

/*
 * Opens a regular file for reading; -1 if it is none, or cannot be opened. Devices and FIFOs are
 * not touched. A root other than NULL is that of the path and of all links on its way, as for
 * a process with that root (openat2(2), which has no function of the C library).
 */
int file_open_regular(const char *root, const char *path);

/*
 * Maps the first bytes of a file for reading; NULL if that fails, with errno. Pages are private and can be
 * written to, because libdw marks in section headers what it has unpacked; the file never changes.
 */
void *file_mapping_create(int file, size_t size);

/*
 * The memory that this process has of files, its own program among them, in bytes; 0 if the kernel
 * does not say.
 */
size_t file_mapping_resident(void);

/*
 * Gives the memory of all mapped files back, which comes again when it is touched: with each page that is
 * read the kernel maps fifteen more around it, and a few thousand functions' rules for unwinding lie
 * all over a big program. What was written to the pages is lost.
 */
void file_mapping_forget(void);

/* Takes back what file_mapping_create() returned, with the same size. */
void file_mapping_destroy(void *start, size_t size);

#endif
