/* SPDX-License-Identifier: Apache-2.0 */
/* How a program runs, and the calls that have a part of it run elsewhere. */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

#include <stdint.h>
#include <sys/types.h>

#include "program.h"

/*
 * Runs a program from a clean state to one: no file open, no child, no thread.
 * Adds one to *count, in shared memory, for each call, children's and threads' too.
 */
void run_program(const struct program *program, uint64_t *count);

/* A child of this program that may still live; 0: there was none. */
pid_t run_child(void);

/*
 * Calls: the next steps run in a child or a thread, while this thread goes on behind
 * them; the process ends, or becomes another program.
 */
void run_fork(const uint64_t *word);
void run_thread(const uint64_t *word);
void run_exit(const uint64_t *word);

/* What execve gives the fuzzer itself, so that it ends at once. */
#define RUN_NOTHING "--run-nothing"

#endif
