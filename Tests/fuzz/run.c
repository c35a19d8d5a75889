// SPDX-License-Identifier: Apache-2.0
#include "run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

#define ELSEWHERE_MAX 6		/* steps that a child or a thread runs */
#define ALARM_US 20000		/* a call that blocks is interrupted after so long */

/* A run of steps in one thread; only the program's first thread makes others. */
struct run {
	const struct step *next, *end;
	bool first;
};

static __thread struct run *here;
static uint64_t *counter;
static pid_t child;
static pthread_t thread;
static bool has_thread;

static void ignore(int number)
{
	(void)number;
}

/* Interrupts calls, for it has no SA_RESTART. */
static void start_alarms(void)
{
	struct sigaction action = { .sa_handler = ignore };
	struct itimerval every = { { 0, ALARM_US }, { 0, ALARM_US } };

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGIO, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static void run_steps(struct run *run)
{
	here = run;
	while (run->next < run->end) {
		const struct step *step = run->next++;

		__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
		calls[step->call].run(step->word);
	}
}

/* Cuts the next steps off the program. */
static struct run take_steps(uint64_t word)
{
	long count = 1 + word % ELSEWHERE_MAX;
	struct run taken = { .next = here->next };

	if (count > here->end - here->next)
		count = here->end - here->next;
	here->next += count;
	taken.end = here->next;
	return taken;
}

static void join_child(void)
{
	while (child && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	child = 0;
}

static void join_thread(void)
{
	struct timespec until;

	if (!has_thread)
		return;
	/* The alarm comes to any thread; this one must see it, too, if it blocks. */
	do {
		pthread_kill(thread, SIGALRM);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += ALARM_US * 1000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
	} while (pthread_timedjoin_np(thread, NULL, &until));
	has_thread = false;
}

pid_t run_child(void)
{
	return child;
}

static void end_process(uint64_t word)
{
	char *const arguments[] = { "fuzz", RUN_NOTHING, NULL };

	switch (word % 4) {
	case 0:
		/* Timers live on, handlers do not. */
		signal(SIGALRM, SIG_IGN);
		execv("/proc/self/exe", arguments);
		break;
	case 1:
		kill(getpid(), SIGTERM);
		break;
	}
	_exit(0);
}

void run_fork(const uint64_t *word)
{
	struct run taken;

	if (!here->first)
		return;
	taken = take_steps(word[0]);
	join_child();
	child = fork();
	if (child < 0)
		child = 0;
	if (child)
		return;
	/* It must not outlive its parent, nor end the parent's thread. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	has_thread = false;
	start_alarms();
	run_steps(&taken);
	end_process(word[1]);
}

static void *thread_main(void *argument)
{
	struct run run = *(struct run *)argument;

	run_steps(&run);
	return NULL;
}

void run_thread(const uint64_t *word)
{
	static struct run taken;

	if (!here->first)
		return;
	join_thread();
	taken = take_steps(word[0]);
	has_thread = pthread_create(&thread, NULL, thread_main, &taken) == 0;
}

void run_exit(const uint64_t *word)
{
	/* A new worker costs as much as a thousand calls. */
	if (here->first && word[1] % 16)
		return;
	end_process(word[0]);
}

void run_program(const struct program *program, uint64_t *count)
{
	struct run run = {
		.next = program->steps,
		.end = program->steps + program->length,
		.first = true,
	};

	counter = count;
	start_alarms();
	run_steps(&run);
	join_thread();
	join_child();
	calls_reset();
}
