// SPDX-License-Identifier: Apache-2.0
/* Has a worker of io_uring wait for a pipe that stays empty, and sleeps. */
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *map(int ring, size_t size, off_t what)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what);
}

int main(void)
{
	struct io_uring_params parameters;
	int pipe_ends[2];
	char byte;

	memset(&parameters, 0, sizeof(parameters));
	int ring = syscall(SYS_io_uring_setup, 1, &parameters);
	if (ring < 0 || pipe(pipe_ends))
		return 1;
	char *queue = map(ring, parameters.sq_off.array + sizeof(unsigned int), IORING_OFF_SQ_RING);
	struct io_uring_sqe *entry = map(ring, sizeof(*entry), IORING_OFF_SQES);
	if (queue == MAP_FAILED || (void *)entry == MAP_FAILED)
		return 1;
	*entry = (struct io_uring_sqe) {
		.opcode = IORING_OP_READ,
		.flags = IOSQE_ASYNC,
		.fd = pipe_ends[0],
		.addr = (unsigned long)&byte,
		.len = 1,
	};
	*(unsigned int *)(queue + parameters.sq_off.tail) = 1;
	if (syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0) != 1)
		return 1;
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
