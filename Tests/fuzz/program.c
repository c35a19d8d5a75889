// SPDX-License-Identifier: Apache-2.0
/* Makes and mutates programs. */
#include "program.h"

#include <string.h>

#include "calls.h"

static void step_generate(struct step *step, struct random *random)
{
	unsigned int i, weight = random_below(random, calls_weight());

	for (step->call = 0; weight >= calls[step->call].weight; step->call++)
		weight -= calls[step->call].weight;
	for (i = 0; i < WORDS; i++)
		step->word[i] = random_next(random);
}

void program_generate(struct program *program, struct random *random)
{
	unsigned int i;

	program->length = 1 + random_below(random, STEPS_MAX);
	for (i = 0; i < program->length; i++)
		step_generate(&program->steps[i], random);
}

static void insert(struct program *program, struct random *random)
{
	unsigned int at = random_below(random, program->length + 1);

	if (program->length == STEPS_MAX)
		return;
	memmove(&program->steps[at + 1], &program->steps[at],
		(program->length - at) * sizeof(struct step));
	step_generate(&program->steps[at], random);
	program->length++;
}

static void delete(struct program *program, struct random *random)
{
	unsigned int at = random_below(random, program->length);

	if (program->length == 1)
		return;
	program->length--;
	memmove(&program->steps[at], &program->steps[at + 1],
		(program->length - at) * sizeof(struct step));
}

/* From some place on it goes on as the other does. */
static void splice(struct program *program, const struct program *other, struct random *random)
{
	unsigned int at = random_below(random, program->length);
	unsigned int from = random_below(random, other->length);
	unsigned int count = other->length - from;

	if (count > STEPS_MAX - at)
		count = STEPS_MAX - at;
	memcpy(&program->steps[at], &other->steps[from], count * sizeof(struct step));
	program->length = at + count;
}

/* Another choice, or a neighbour of one. */
static void change_word(struct program *program, struct random *random)
{
	struct step *step = &program->steps[random_below(random, program->length)];
	uint64_t *word = &step->word[random_below(random, WORDS)];

	switch (random_below(random, 3)) {
	case 0:
		*word = random_next(random);
		break;
	case 1:
		*word ^= 1ULL << random_below(random, 64);
		break;
	case 2:
		*word += random_below(random, 2) ? 1 : -1;
		break;
	}
}

void program_mutate(struct program *program, const struct program *other, struct random *random)
{
	unsigned int times = 1 + random_below(random, 4);

	while (times--) {
		switch (random_below(random, 8)) {
		case 0:
		case 1:
			insert(program, random);
			break;
		case 2:
			delete(program, random);
			break;
		case 3:
			splice(program, other, random);
			break;
		default:
			change_word(program, random);
			break;
		}
	}
}

void program_print(FILE *to, const struct program *program)
{
	unsigned int i, j;

	for (i = 0; i < program->length; i++) {
		fprintf(to, "    %-10s", calls[program->steps[i].call].name);
		for (j = 0; j < WORDS; j++)
			fprintf(to, " %016llx", (unsigned long long)program->steps[i].word[j]);
		fputc('\n', to);
	}
}
