// SPDX-License-Identifier: Apache-2.0
/* What each call does with its words. None of them looks at its result: the kernel must cope. */
#include "calls.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <variable_monitor.h>

#include "places.h"
#include "run.h"
#include "watch_calls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define READ_BYTES (1UL << 20)

static _Atomic int files[12];		/* open devices; threads share them */
static _Atomic uint64_t last_sequence;	/* of a record */
static char *good_memory;		/* READ_BYTES */

void calls_init(void)
{
	unsigned int i;

	for (i = 0; i < COUNT(files); i++)
		files[i] = -1;
	good_memory = mmap(NULL, READ_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (good_memory == MAP_FAILED)
		abort();
	places_init();
	calls_reset();
}

void calls_reset(void)
{
	unsigned int i;

	for (i = 0; i < COUNT(files); i++) {
		if (files[i] >= 0)
			close(files[i]);
		files[i] = -1;
	}
	places_reset();
	syscall(SYS_setresuid, 0, 0, 0);
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit) { 8 << 20, 8 << 20 });
	last_sequence = 0;
	watch_calls_reset();
}

/* One that is open if there is one: programs begin with whatever they begin with. */
int any_file(uint64_t word)
{
	unsigned int i;

	for (i = 0; i < COUNT(files); i++)
		if (files[(word + i) % COUNT(files)] >= 0)
			return files[(word + i) % COUNT(files)];
	return -1;
}

static void keep(uint64_t word, int file)
{
	int old = files[word % COUNT(files)];

	if (file < 0)
		return;
	files[word % COUNT(files)] = file;
	if (old >= 0)
		close(old);
}

static void call_open(const uint64_t *word)
{
	static const int modes[] = { O_RDWR, O_RDWR, O_RDWR, O_WRONLY, O_RDONLY, 3 };
	static const int flags[] = { 0, O_CLOEXEC, O_APPEND, O_DIRECT, O_TRUNC, O_PATH, O_ASYNC, O_EXCL };
	int blocking = word[2] % 4 ? O_NONBLOCK : 0;

	keep(word[0], open(VMON_DEVICE_PATH, modes[word[1] % COUNT(modes)] | blocking |
					     flags[word[3] % COUNT(flags)]));
}

static void call_dup(const uint64_t *word)
{
	keep(word[0], dup(any_file(word[1])));
}

static void call_close(const uint64_t *word)
{
	int file = files[word[0] % COUNT(files)];

	if (file < 0)
		return;
	/* Now and then it stays in the list, as a file that others use though it is closed. */
	if (word[1] % 8)
		files[word[0] % COUNT(files)] = -1;
	close(file);
}

static void call_release(const uint64_t *word)
{
	uint64_t sequence = last_sequence;

	if (word[1] % 4 == 0)
		sequence = word[2] >> word[1] % 64;
	ioctl(any_file(word[0]), VMON_IOC_RELEASE, &sequence);
}

static void call_dump(const uint64_t *word)
{
	struct vmon_dump_request request = { .pid = any_process(word[1]) };
	sigset_t alarm, before;

	if (word[2] % 8 == 0)
		request.reserved = word[2];
	/* Half of them may be interrupted. */
	sigemptyset(&alarm);
	if (word[3] & 1)
		sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &before);
	ioctl(any_file(word[0]), VMON_IOC_DUMP, &request);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Any number, or a known one with a bad size, direction or pointer. */
static void call_ioctl(const uint64_t *word)
{
	unsigned long number = word[1];

	if (word[2] % 8)
		number = _IOC(word[1] % 4, 'v', 0x5e + (word[1] >> 8) % 13,
			      (word[1] >> 16) % 2 ? 8 : (word[1] >> 24) % 128);
	if (word[2] % 8 > 4) {
		static const unsigned long known[] = {
			VMON_IOC_WATCH, VMON_IOC_CANCEL, VMON_IOC_CANCEL_ALL, VMON_IOC_RELEASE, VMON_IOC_DUMP,
			VMON_IOC_WATCH_CONDITION, VMON_IOC_CHANGE, VMON_IOC_STATE, VMON_IOC_LIST,
		};

		number = known[word[1] % COUNT(known)];
	}
	ioctl(any_file(word[0]), number, place_any(word[3]));
}

static void call_read(const uint64_t *word)
{
	static const size_t sizes[] = {
		READ_BYTES, VMON_RECORD_SIZE_MAX, 4096, 160, 40, 1, 0, VMON_RECORD_SIZE_MAX - 1,
	};
	size_t size = sizes[word[1] % COUNT(sizes)];
	char *to = good_memory;
	struct vmon_record *record = (struct vmon_record *)good_memory;
	ssize_t done;

	if (word[2] % 8 == 0)
		to = (char *)place_any(word[3]);
	if (word[2] % 8 == 1)
		size = word[1] >> 8;
	done = read(any_file(word[0]), to, to == good_memory && size > READ_BYTES ? READ_BYTES : size);
	if (done >= (ssize_t)sizeof(*record) && to == good_memory)
		last_sequence = record->sequence;
}

static void call_poll(const uint64_t *word)
{
	struct pollfd poll_one = { .fd = any_file(word[0]), .events = word[1] };

	poll(&poll_one, 1, word[2] % 4);
}

/* Calls that the device does not have. */
static void call_other(const uint64_t *word)
{
	int file = any_file(word[0]);
	char *memory = good_memory;
	struct iovec parts[] = { { memory, word[2] % 4096 }, { (void *)place_any(word[3]), word[2] % 4096 } };

	switch (word[1] % 8) {
	case 0:
		syscall(SYS_write, file, memory, word[2] % 4096);
		break;
	case 1:
		syscall(SYS_pread64, file, memory, word[2] % 4096, word[3]);
		break;
	case 2:
		syscall(SYS_readv, file, parts, 2);
		break;
	case 3:
		syscall(SYS_lseek, file, word[2], word[3] % 6);
		break;
	case 4:
		syscall(SYS_ftruncate, file, word[2] % 4096);
		break;
	case 5:
		fcntl(file, F_SETFL, (word[2] & 1 ? O_NONBLOCK : 0) | (word[2] & 2 ? O_ASYNC : 0));
		break;
	case 6: {
		void *mapped = mmap(NULL, 4096, word[2] % 8, word[3] & 1 ? MAP_SHARED : MAP_PRIVATE, file, 0);

		if (mapped != MAP_FAILED)
			munmap(mapped, 4096);
		break;
	}
	case 7:
		syscall(SYS_fsync, file);
		break;
	}
}

/* The two knobs, good numbers and bad text. A short default interval would stop the guest. */
static void call_knob(const uint64_t *word)
{
	static const char *const texts[] = {
		"", "\n", "0\n\n", "-1", "1e3", "0x10", "18446744073709551616", "3600000000001", "86401", " 1",
	};
	static const char *const paths[] = {
		"/proc/variable_monitor/def_interval_ns", "/proc/variable_monitor/dump_reset_sec",
	};
	char text[32];
	int file = open(paths[word[0] % 2], O_RDWR | O_CLOEXEC);

	if (file < 0)
		return;
	if (word[1] % 4 == 0)
		strcpy(text, texts[word[2] % COUNT(texts)]);
	else
		snprintf(text, sizeof(text), "%llu\n", word[0] % 2 ? word[2] % 2 : (1 + word[2] % 100) * MS);
	if (word[3] % 8 == 0)
		syscall(SYS_write, file, place_any(word[3]), word[3] % 64);
	else
		syscall(SYS_write, file, text, strlen(text));
	close(file);
}

static void call_proc(const uint64_t *word)
{
	static const char *const paths[] = {
		"/proc/variable_monitor/status", "/proc/variable_monitor/def_interval_ns",
		"/proc/variable_monitor/dump_reset_sec",
	};
	int file = open(paths[word[0] % COUNT(paths)], O_RDONLY | O_CLOEXEC);

	syscall(SYS_read, file, word[1] % 8 ? (uint64_t)good_memory : place_any(word[1]), word[2] % 512);
	close(file);
}

/* Becomes nobody, without capabilities, or root again: this thread alone, unlike glibc's. */
static void call_user(const uint64_t *word)
{
	syscall(SYS_setresuid, -1, word[0] % 2 ? 65534 : 0, -1);
}

static void call_memlock(const uint64_t *word)
{
	static const rlim_t limits[] = { 0, 4096, 16384, 1 << 20 };
	struct rlimit limit = { limits[word[0] % COUNT(limits)], 8 << 20 };

	setrlimit(RLIMIT_MEMLOCK, &limit);
}

const struct call calls[] = {
	{ "open", 12, call_open },
	{ "dup", 2, call_dup },
	{ "close", 4, call_close },
	{ "watch", 24, call_watch },
	{ "condition", 16, call_condition },
	{ "live", 6, call_live },
	{ "watches", 1, call_watches },
	{ "cancel", 6, call_cancel },
	{ "cancel_all", 2, call_cancel_all },
	{ "release", 4, call_release },
	{ "dump", 1, call_dump },
	{ "ioctl", 12, call_ioctl },
	{ "read", 8, call_read },
	{ "poll", 2, call_poll },
	{ "other", 4, call_other },
	{ "knob", 3, call_knob },
	{ "proc", 2, call_proc },
	{ "user", 2, call_user },
	{ "memlock", 1, call_memlock },
	{ "store", 16, places_store },
	{ "change", 10, places_change },
	{ "fork", 1, run_fork },
	{ "thread", 2, run_thread },
	{ "exit", 1, run_exit },
};

unsigned int calls_weight(void)
{
	unsigned int i, sum = 0;

	for (i = 0; i < COUNT(calls); i++)
		sum += calls[i].weight;
	return sum;
}
