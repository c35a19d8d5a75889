// SPDX-License-Identifier: Apache-2.0
/* The budget over simulated time: nothing waits below it, and nothing gets past it. */
#include <stdint.h>

#include "budget.h"
#include "check.h"

#define SECOND 1000000000ULL

struct run {
	uint64_t spent;
	uint64_t waited;	/* how often */
};

/* Timers of one interval that each spend so much per expiry, for a second. */
static struct run run(unsigned int timers, uint64_t interval, uint64_t cost, unsigned int percent)
{
	struct budget budget = { 0 };
	struct run run = { 0, 0 };
	uint64_t next[8], now = 1;

	for (unsigned int t = 0; t < timers; t++)
		next[t] = interval;
	while (now < SECOND) {
		unsigned int first = 0;

		for (unsigned int t = 1; t < timers; t++)
			if (next[t] < next[first])
				first = t;
		if (now < next[first])
			now = next[first];
		uint64_t ended = now + cost;
		uint64_t not_before = budget_charge(&budget, cost, ended, percent);
		run.spent += cost;
		run.waited += not_before > ended;
		/* As hrtimer_forward(): the first multiple of the interval behind it. */
		next[first] += ((not_before - next[first]) / interval + 1) * interval;
		now = ended;
	}
	return run;
}

static void below_the_budget_nothing_waits(void)
{
	CHECK(run(1, 10000, 2400, 25).waited == 0);
	CHECK(run(1, 1000, 240, 25).waited == 0);
	CHECK(run(8, 80000, 2400, 25).waited == 0);
	CHECK(run(1, 1000000, 800000, 90).waited == 0);
}

static void nobody_spends_more_than_the_budget(void)
{
	for (unsigned int percent = 1; percent <= 90; percent++) {
		for (unsigned int timers = 1; timers <= 8; timers *= 2) {
			struct run over = run(timers, 100, 1000, percent);
			/* Each timer may expire once ahead of the others' debts. */
			uint64_t most = (SECOND + BUDGET_CREDIT_NS) / 100 * percent + 2000 * timers;

			CHECK(over.waited > 0);
			CHECK(over.spent <= most);
			CHECK(over.spent >= most / 10 * 9);
		}
	}
}

static void intervals_are_stretched_evenly(void)
{
	struct budget budget = { 0 };
	uint64_t now = SECOND, longest = 0;

	for (int i = 0; i < 100000; i++) {
		uint64_t ended = now + 1000;
		uint64_t next = budget_charge(&budget, 1000, ended, 25);

		if (next - now > longest)
			longest = next - now;
		now = next;
	}
	CHECK(longest == 4000);
}

static void idle_time_is_not_saved_up(void)
{
	struct budget budget = { 0 };
	uint64_t now = 1000 * SECOND, free_of_charge = 0;

	while (budget_charge(&budget, 1000, now + 1000, 25) == now + 1000) {
		now += 1000;
		free_of_charge += 1000;
	}
	CHECK(free_of_charge <= BUDGET_CREDIT_NS / 2);
}

static void one_long_expiry_costs_a_bounded_wait(void)
{
	struct budget budget = { 0 };
	CHECK(budget_charge(&budget, 50 * BUDGET_CHARGE_MAX_NS, SECOND, 1) <= SECOND + 100 * BUDGET_CHARGE_MAX_NS);
}

int main(void)
{
	RUN(below_the_budget_nothing_waits);
	RUN(nobody_spends_more_than_the_budget);
	RUN(intervals_are_stretched_evenly);
	RUN(idle_time_is_not_saved_up);
	RUN(one_long_expiry_costs_a_bounded_wait);
	return check_summary();
}
