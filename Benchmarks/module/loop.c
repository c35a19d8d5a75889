// SPDX-License-Identifier: Apache-2.0
/*
 * A CPU-bound loop that knows, to the instruction, what was taken from it.
 *
 *     loop [rounds=N] [interval_ns=N] [watches=N] [length=1|2|4|8|0] [groups=N] [apart_ns=N]
 *          [comparison=N] [flags=N] [history=N] [write=1] [poll=N] [address=1]
 *
 * A round is some ROUND instructions long and ends with a reading of the clock. What a
 * round takes beyond an undisturbed one is a gap: an interrupt, a trap, another thread.
 *
 * Has `watches` variables of this process watched in each of `groups` groups, none of
 * which ever hits; length 0: all widths in turn. The condition is that of the comparison and the
 * flags of variable_monitor.h, and each keeps `history` samples. Group g has the interval
 * interval_ns + g * apart_ns. write=1: each round writes the first watched variable,
 * which makes a million writes a second; else it writes another one. poll=N: a thread
 * compares N variables. address=1: prints the first one's address, and waits for a line
 * before the loop.
 *
 * Prints one JSON object.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "instructions.h"
#include "poll_thread.h"
#include "vmon_ioctl.h"

#define ROUND 500
#define ROUNDS_MAX 200000
#define TRIAL_ROUNDS 100

static volatile uint64_t watched[TIMER_MAX_WATCH_NUM * MAX_TIMER_NUM] __attribute__((aligned(4096)));
static volatile uint64_t other __attribute__((aligned(4096)));
static uint32_t took[ROUNDS_MAX];	/* instructions, each round */

static struct {
	unsigned long rounds, interval_ns, watches, length, groups, apart_ns, write, poll, address;
	unsigned long comparison, flags, history;
} wanted = { .rounds = 10000, .interval_ns = 10000, .length = 4, .groups = 1 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void read_arguments(char **arguments)
{
	static const struct {
		const char *name;
		unsigned long *value;
	} known[] = {
		{ "rounds", &wanted.rounds }, { "interval_ns", &wanted.interval_ns },
		{ "watches", &wanted.watches }, { "length", &wanted.length },
		{ "groups", &wanted.groups }, { "apart_ns", &wanted.apart_ns },
		{ "write", &wanted.write }, { "poll", &wanted.poll },
		{ "address", &wanted.address }, { "comparison", &wanted.comparison },
		{ "flags", &wanted.flags }, { "history", &wanted.history },
	};

	for (; *arguments; arguments++) {
		size_t i, name = strcspn(*arguments, "=");

		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (strlen(known[i].name) == name && !strncmp(*arguments, known[i].name, name))
				break;
		if (i == sizeof(known) / sizeof(*known) || !(*arguments)[name]) {
			fprintf(stderr, "loop: unknown argument %s\n", *arguments);
			exit(64);
		}
		*known[i].value = strtoul(*arguments + name + 1, NULL, 10);
	}
}

/* A threshold that the variables, which are 0, never meet. */
static __u64 threshold(void)
{
	switch (wanted.comparison) {
	case VMON_CHANGED:
	case VMON_NOT_EQUAL:
		return 0;
	case VMON_UNCHANGED:
		return UINT64_MAX;
	}
	/* Of a float, 1e-43; of a double, 5e-322. */
	return 100;
}

static int watch(int device, struct vmon_watch *request)
{
	struct vmon_watch_condition condition = { .history = (__u32)wanted.history };

	if (!wanted.comparison && !wanted.flags && !wanted.history)
		return vmon_ioctl_watch(device, request);
	condition.watch = *request;
	if (wanted.comparison == VMON_OUTSIDE) {
		condition.watch.threshold = 0;
		condition.high = 100;
	}
	return ioctl(device, VMON_IOC_WATCH_CONDITION, &condition) < 0 ? -errno : 0;
}

static void watch_all(void)
{
	static const __u8 lengths[] = { 1, 2, 4, 8 };
	int device = open(VMON_DEVICE_PATH, O_WRONLY);
	unsigned long i;

	if (device < 0)
		fail(VMON_DEVICE_PATH);
	for (i = 0; i < wanted.groups * wanted.watches; i++) {
		struct vmon_watch request = {
			.address = (__u64)(unsigned long)&watched[i],
			.threshold = threshold(),
			.interval_ns = wanted.interval_ns + i / wanted.watches * wanted.apart_ns,
			.length = wanted.length ? (__u8)wanted.length : lengths[i % 4],
			.comparison = (__u8)wanted.comparison,
			.flags = (__u8)wanted.flags,
			.name = "benchmark",
		};
		int error = watch(device, &request);

		if (error) {
			errno = -error;
			fail("watch");
		}
	}
}

/* Local timer interrupts so far. */
static unsigned long timer_interrupts(void)
{
	static char text[1 << 16];
	int file = open("/proc/interrupts", O_RDONLY);
	ssize_t size = 0, got;
	char *line;

	if (file < 0)
		fail("/proc/interrupts");
	while ((got = read(file, text + size, sizeof(text) - 1 - size)) > 0)
		size += got;
	close(file);
	text[size] = 0;
	line = strstr(text, "LOC:");
	return line ? strtoul(line + 4, NULL, 10) : 0;
}

/* One round: a write, and filler up to ROUND instructions with what surrounds it in run(). */
static inline void round_of(volatile uint64_t *variable, uint64_t value)
{
	uint32_t filler = ROUND / 2 - 9;

	*variable = value & 63;
	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(filler) : : "cc");
}

/* Fills in what each round took. */
static void run(volatile uint64_t *variable, unsigned long rounds)
{
	uint64_t before = instructions(), now;
	unsigned long i;

	for (i = 0; i < rounds; i++) {
		round_of(variable, i);
		now = instructions();
		took[i] = (uint32_t)(now - before);
		before = now;
	}
}

static int by_size(const void *one, const void *two)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)two;

	return (a > b) - (a < b);
}

/* What a round takes when nothing comes in between. */
static uint32_t undisturbed(void)
{
	run(&other, TRIAL_ROUNDS);
	qsort(took, TRIAL_ROUNDS, sizeof(*took), by_size);
	return took[TRIAL_ROUNDS / 2];
}

static void report(uint32_t round, unsigned long interrupts)
{
	unsigned long long total = 0, taken = 0;
	unsigned long i, first = 0, gaps;

	qsort(took, wanted.rounds, sizeof(*took), by_size);
	while (first < wanted.rounds && took[first] <= round)
		total += took[first++];
	for (i = first; i < wanted.rounds; i++)
		taken += took[i] - round;
	gaps = wanted.rounds - first;
	total += taken + (unsigned long long)gaps * round;
	printf("{\"total\": %llu, \"taken\": %llu, \"gaps\": %lu, \"least\": %u, \"median\": %u, "
	       "\"longest\": %u, \"interrupts\": %lu}\n", total, taken, gaps, gaps ? took[first] - round : 0,
	       gaps ? took[first + gaps / 2] - round : 0,
	       gaps ? took[wanted.rounds - 1] - round : 0, interrupts);
}

int main(int count, char **arguments)
{
	struct poll poll;
	unsigned long before;
	uint32_t round;

	(void)count;
	read_arguments(arguments + 1);
	if (wanted.rounds < 1 || wanted.rounds > ROUNDS_MAX || wanted.groups > MAX_TIMER_NUM ||
	    wanted.watches > TIMER_MAX_WATCH_NUM || wanted.poll > TIMER_MAX_WATCH_NUM)
		return 64;
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		fail("mlockall");
	round = undisturbed();
	if (wanted.watches)
		watch_all();
	poll = (struct poll) { wanted.interval_ns, watched, wanted.poll };
	if (wanted.poll && poll_thread_start(poll))
		fail("pthread_create");
	if (wanted.address) {
		printf("%lu\n", (unsigned long)&watched[0]);
		fflush(stdout);
		if (getchar() == EOF)
			return 1;
	}
	before = timer_interrupts();
	run(wanted.write ? &watched[0] : &other, wanted.rounds);
	report(round, timer_interrupts() - before);
	return 0;
}
