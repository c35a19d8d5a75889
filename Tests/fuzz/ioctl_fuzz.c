// SPDX-License-Identifier: Apache-2.0
/*
 * A fuzzer of the module's ABI, guided by what the kernel executed. Worker processes run
 * programs; one that reaches a PC that none reached before is kept, and mutated. The
 * parent starts workers anew when they end, as their programs may make them, and tells of
 * those that hang. Needs the module loaded, and root; belongs into a guest.
 *
 * A seed repeats a run of one worker, but for what time decides: ticks and signals.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <variable_monitor.h>

#include "calls.h"
#include "coverage.h"
#include "program.h"
#include "run.h"

#define WORKERS_MAX 16
#define CORPUS_MAX 4096
#define CALLS_PER_LINE 100000
#define STATUS "/proc/variable_monitor/status"

struct worker {
	struct random random;		/* goes on where the worker before it ended */
	struct program program;		/* that runs, or ran last */
	uint64_t calls;
	pid_t pid;
	uint64_t seen_calls;		/* the parent's: its progress, and when it made it */
	time_t seen_at;
};

/* In memory that all processes share. */
static struct shared {
	struct coverage coverage;
	struct worker workers[WORKERS_MAX];
	bool traced;
	unsigned int corpus_size;	/* may run past CORPUS_MAX */
	struct program corpus[CORPUS_MAX];	/* length 0: not there yet */
} *shared;

static struct options {
	uint64_t seed;
	uint64_t calls;
	unsigned int workers;
	unsigned int hang_seconds;
} options = { .calls = 1000000, .workers = 3, .hang_seconds = 300 };

/* ---- a worker ---- */

/* One of the corpus, or NULL. */
static const struct program *corpus_pick(struct random *random)
{
	unsigned int size = __atomic_load_n(&shared->corpus_size, __ATOMIC_RELAXED);
	const struct program *picked;

	if (!size)
		return NULL;
	picked = &shared->corpus[random_below(random, size < CORPUS_MAX ? size : CORPUS_MAX)];
	return __atomic_load_n(&picked->length, __ATOMIC_ACQUIRE) ? picked : NULL;
}

static void corpus_add(const struct program *program)
{
	unsigned int at = __atomic_fetch_add(&shared->corpus_size, 1, __ATOMIC_RELAXED);

	if (at >= CORPUS_MAX)
		return;
	memcpy(shared->corpus[at].steps, program->steps, sizeof(program->steps));
	__atomic_store_n(&shared->corpus[at].length, program->length, __ATOMIC_RELEASE);
}

static void choose(struct worker *worker)
{
	const struct program *base = corpus_pick(&worker->random);
	const struct program *other = corpus_pick(&worker->random);

	if (!base || random_below(&worker->random, 4) == 0) {
		program_generate(&worker->program, &worker->random);
		return;
	}
	worker->program = *base;
	program_mutate(&worker->program, other ? other : base, &worker->random);
}

static void work(struct worker *worker)
{
	/* Those who are not root may try, too. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || chmod(VMON_DEVICE_PATH, 0666))
		_exit(1);
	calls_init();
	if (coverage_start())
		shared->traced = true;
	for (;;) {
		choose(worker);
		coverage_reset();
		run_program(&worker->program, &worker->calls);
		if (coverage_collect(&shared->coverage))
			corpus_add(&worker->program);
	}
}

/* ---- the parent ---- */

static bool trouble;

/* Where the kernel has a process that hangs. */
static void print_kernel_stack(pid_t pid)
{
	static const char *const names[] = { "syscall", "stack" };
	char path[64], line[256];
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/%s", pid, names[i]);
		file = fopen(path, "r");
		while (file && fgets(line, sizeof(line), file))
			fprintf(stderr, "    %s: %s", names[i], line);
		if (file)
			fclose(file);
	}
}

static void complain(const char *what, const struct worker *worker)
{
	trouble = true;
	fprintf(stderr, "ioctl_fuzz: %s; the program of worker %td was\n", what, worker - shared->workers);
	program_print(stderr, &worker->program);
}

static void start(struct worker *worker)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("ioctl_fuzz: fork");
		exit(1);
	}
	if (pid == 0)
		work(worker);
	worker->pid = pid;
	worker->seen_at = time(NULL);
}

static struct worker *worker_of(pid_t pid)
{
	unsigned int i;

	for (i = 0; i < options.workers; i++)
		if (shared->workers[i].pid == pid)
			return &shared->workers[i];
	return NULL;
}

/* Reaps what has ended: workers, and children that they left. */
static void reap(bool restart)
{
	struct worker *worker;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		worker = worker_of(pid);
		if (!worker)
			continue;
		worker->pid = 0;
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM && restart)
			complain(strsignal(WTERMSIG(status)), worker);
		else if (WIFEXITED(status) && WEXITSTATUS(status))
			complain("a worker failed", worker);
		if (restart)
			start(worker);
	}
}

static uint64_t total_calls(void)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < options.workers; i++)
		sum += __atomic_load_n(&shared->workers[i].calls, __ATOMIC_RELAXED);
	return sum;
}

/* False if a worker has made no progress for too long. */
static bool all_make_progress(void)
{
	time_t now = time(NULL);
	unsigned int i;

	for (i = 0; i < options.workers; i++) {
		struct worker *worker = &shared->workers[i];
		uint64_t done = __atomic_load_n(&worker->calls, __ATOMIC_RELAXED);

		if (done != worker->seen_calls) {
			worker->seen_calls = done;
			worker->seen_at = now;
		} else if (now - worker->seen_at > options.hang_seconds) {
			complain("a worker hangs", worker);
			print_kernel_stack(worker->pid);
			return false;
		}
	}
	return true;
}

static void nap(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = 50000000 }, NULL);
}

/* Ends all workers; false if one cannot be. */
static bool stop_workers(void)
{
	time_t deadline = time(NULL) + options.hang_seconds;
	unsigned int i;

	for (i = 0; i < options.workers; i++)
		if (shared->workers[i].pid)
			kill(shared->workers[i].pid, SIGKILL);
	for (;;) {
		reap(false);
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return true;
		if (time(NULL) > deadline) {
			fprintf(stderr, "ioctl_fuzz: a process does not end\n");
			return false;
		}
		nap();
	}
}

static long status_value(const char *name)
{
	FILE *file = fopen(STATUS, "r");
	char line[128];
	long value = -1;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = atol(line + strlen(name) + 1);
	if (file)
		fclose(file);
	return value;
}

/* Watches end a little after their processes. */
static long watches_left(void)
{
	time_t deadline = time(NULL) + options.hang_seconds;
	long watches;

	while ((watches = status_value("watches")) && time(NULL) <= deadline)
		nap();
	return watches;
}

static void usage(void)
{
	fprintf(stderr, "usage: ioctl_fuzz [--seed N] [--calls N] [--workers N] [--hang-seconds N]\n");
	exit(64);
}

static void parse(int count, char **words)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "calls", required_argument, NULL, 'c' },
		{ "workers", required_argument, NULL, 'w' },
		{ "hang-seconds", required_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	options.seed = (uint64_t)time(NULL);
	while ((option = getopt_long(count, words, "", known, NULL)) != -1) {
		unsigned long long number = optarg ? strtoull(optarg, NULL, 0) : 0;

		switch (option) {
		case 's':
			options.seed = number;
			break;
		case 'c':
			options.calls = number;
			break;
		case 'w':
			options.workers = number;
			break;
		case 'h':
			options.hang_seconds = number;
			break;
		default:
			usage();
		}
	}
	if (optind != count || !options.calls || !options.workers || options.workers > WORKERS_MAX)
		usage();
}

/* Says now and then how far it is: a million calls take an hour. */
static uint64_t say_progress(uint64_t next)
{
	uint64_t done = total_calls();

	if (done < next)
		return next;
	printf("ioctl_fuzz: %llu calls, %u distinct PCs\n", (unsigned long long)done,
	       __atomic_load_n(&shared->coverage.count, __ATOMIC_RELAXED));
	fflush(stdout);
	return next + CALLS_PER_LINE;
}

static void fuzz(void)
{
	struct random seeds = { options.seed };
	uint64_t next = CALLS_PER_LINE;
	unsigned int i;

	for (i = 0; i < options.workers; i++) {
		shared->workers[i].random.state = random_next(&seeds);
		start(&shared->workers[i]);
	}
	while (total_calls() < options.calls && all_make_progress()) {
		nap();
		reap(true);
		next = say_progress(next);
	}
}

int main(int count, char **words)
{
	long watches;
	unsigned int corpus;

	if (count == 2 && !strcmp(words[1], RUN_NOTHING))
		return 0;
	parse(count, words);
	if (access(STATUS, R_OK)) {
		fprintf(stderr, "ioctl_fuzz: the module is not loaded: insmod kmod/variable_monitor.ko\n");
		return 1;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1)) {
		perror("ioctl_fuzz");
		return 1;
	}
	printf("ioctl_fuzz: seed %llu\n", (unsigned long long)options.seed);
	fflush(stdout);
	fuzz();
	trouble |= !stop_workers();
	watches = watches_left();
	trouble |= watches != 0;
	if (!shared->traced)
		fprintf(stderr, "ioctl_fuzz: NO FEEDBACK: this kernel has no KCOV; programs were random only\n");
	corpus = shared->corpus_size < CORPUS_MAX ? shared->corpus_size : CORPUS_MAX;
	printf("calls %llu, distinct PCs %u, corpus %u, watches left %ld, seed %llu: %s\n",
	       (unsigned long long)total_calls(), shared->coverage.count, corpus, watches,
	       (unsigned long long)options.seed, trouble ? "TROUBLE" : "good");
	return trouble;
}
