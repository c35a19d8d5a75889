// SPDX-License-Identifier: Apache-2.0
/*
 * monitor_user.h over a fake kernel; compiled as C and as C++.
 *
 *     monitor_user_test NAME   runs one test; says on stderr what is wrong, and exits 1
 *     monitor_user_test        lists their names
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "fake_kernel.h"
#include "monitor_user.h"
#include "other_file.h"

static int failures;
static volatile int temp;

#define EXPECT(condition)                                                         \
	((condition) ? (void)0 : (void)(failures++, fprintf(stderr, "line %d: %s; calls: %s\n", \
							   __LINE__, #condition, calls)))
#define EXPECT_CALLS(expected) EXPECT(strcmp(calls, expected) == 0)
#define EXPECT_FAILURE(call, error) EXPECT((errno = 0, (call) == -1 && errno == (error)))

static int start(void)
{
	return START_WATCH_INT("temp", &temp, 150);
}

/* The threshold reaches the kernel extended to 64 bits as its type says. */
#define EXPECT_ENCODING(SUFFIX, type, is_unsigned, least, greatest)                            \
	do {                                                                                   \
		static type variable;                                                          \
		EXPECT(START_WATCH_##SUFFIX("v", &variable, greatest) == 0);                   \
		EXPECT(last_request.threshold == (__u64)(greatest));                           \
		EXPECT(last_request.comparison == VMON_GREATER);                               \
		EXPECT(START_WATCH_##SUFFIX##_LESS("v", &variable, least) == 0);               \
		EXPECT(last_request.threshold == (__u64)(least));                              \
		EXPECT(last_request.comparison == VMON_LESS);                                  \
		EXPECT(last_request.length == sizeof(variable));                               \
		EXPECT(last_request.flags == ((is_unsigned) ? VMON_WATCH_UNSIGNED : 0));       \
		EXPECT(last_request.address == (__u64)(unsigned long)&variable);               \
	} while (0)

static void encodings(void)
{
	EXPECT_ENCODING(CHAR, char, CHAR_MIN == 0, CHAR_MIN, CHAR_MAX);
	EXPECT_ENCODING(SCHAR, signed char, 0, SCHAR_MIN, SCHAR_MAX);
	EXPECT_ENCODING(UCHAR, unsigned char, 1, 0, UCHAR_MAX);
	EXPECT_ENCODING(SHORT, short, 0, SHRT_MIN, SHRT_MAX);
	EXPECT_ENCODING(USHORT, unsigned short, 1, 0, USHRT_MAX);
	EXPECT_ENCODING(INT, int, 0, INT_MIN, INT_MAX);
	EXPECT_ENCODING(UINT, unsigned int, 1, 0, UINT_MAX);
	EXPECT_ENCODING(LONG, long, 0, LONG_MIN, LONG_MAX);
	EXPECT_ENCODING(ULONG, unsigned long, 1, 0, ULONG_MAX);
	EXPECT_ENCODING(LLONG, long long, 0, LLONG_MIN, LLONG_MAX);
	EXPECT_ENCODING(ULLONG, unsigned long long, 1, 0, ULLONG_MAX);
	EXPECT_ENCODING(INT8, int8_t, 0, INT8_MIN, INT8_MAX);
	EXPECT_ENCODING(UINT8, uint8_t, 1, 0, UINT8_MAX);
	EXPECT_ENCODING(INT16, int16_t, 0, INT16_MIN, INT16_MAX);
	EXPECT_ENCODING(UINT16, uint16_t, 1, 0, UINT16_MAX);
	EXPECT_ENCODING(INT32, int32_t, 0, INT32_MIN, INT32_MAX);
	EXPECT_ENCODING(UINT32, uint32_t, 1, 0, UINT32_MAX);
	EXPECT_ENCODING(INT64, int64_t, 0, INT64_MIN, INT64_MAX);
	EXPECT_ENCODING(UINT64, uint64_t, 1, 0, UINT64_MAX);
}

static void macros_leave_the_rest_to_defaults(void)
{
	static struct vmon_watch zero;

	EXPECT(start() == 0);
	EXPECT(last_request.interval_ns == 0);
	EXPECT(last_request.pid == 0);
	EXPECT(last_request.id == 0 && last_request.reserved0 == 0);
	EXPECT(memcmp(last_request.reserved, zero.reserved, sizeof(zero.reserved)) == 0);
	EXPECT(strcmp(last_request.name, "temp") == 0);
}

static void start_watch_passes_every_field_on(void)
{
	watch_arg arg;

	memset(&arg, 0, sizeof(arg));
	arg.task_id = 4711;
	memcpy(arg.name, "fifteen bytes it", 15);
	arg.ptr = (void *)(unsigned long)&temp;
	arg.length_byte = 3;	/* the module refuses it, not the header */
	arg.threshold = -150;
	arg.unsigned_flag = 2;	/* any but 0 */
	arg.greater_flag = 2;
	arg.time_ns = 7000;
	EXPECT(start_watch(arg) == 0);
	EXPECT(last_request.pid == 4711);
	EXPECT(strcmp(last_request.name, "fifteen bytes i") == 0);
	EXPECT(last_request.address == (__u64)(unsigned long)&temp);
	EXPECT(last_request.length == 3);
	EXPECT(last_request.threshold == (__u64)-150);
	EXPECT(last_request.flags == VMON_WATCH_UNSIGNED);
	EXPECT(last_request.comparison == VMON_GREATER);
	EXPECT(last_request.interval_ns == 7000);
}

static void long_names_are_refused(void)
{
	watch_arg arg;

	EXPECT(START_WATCH_INT("fifteen bytes i", &temp, 150) == 0);
	calls[0] = 0;
	EXPECT_FAILURE(START_WATCH_INT("sixteen bytes it", &temp, 150), ENAMETOOLONG);
	memset(&arg, 'x', sizeof(arg));
	arg.length_byte = 4;
	EXPECT_FAILURE(start_watch(arg), ENAMETOOLONG);
	EXPECT_CALLS("");
}

static void lengths_that_would_be_cut_are_refused(void)
{
	static const int lengths[] = { 0, -1, 9, 256 + 4, INT_MIN };
	watch_arg arg;

	memset(&arg, 0, sizeof(arg));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		arg.length_byte = lengths[i];
		EXPECT_FAILURE(start_watch(arg), EINVAL);
	}
	EXPECT_CALLS("");
}

/* Each condition, its fields, and that it hits the right kind of variable. */
#define EXPECT_CONDITION(call, of, value, other, flag_bits)                                    \
	do {                                                                                   \
		memset(&last_condition, 0xff, sizeof(last_condition));                         \
		EXPECT((call) == 0);                                                           \
		EXPECT(last_condition.watch.comparison == (of));                               \
		EXPECT(last_condition.watch.threshold == (__u64)(value));                      \
		EXPECT(last_condition.high == (__u64)(other));                                 \
		EXPECT(last_condition.watch.flags == (flag_bits));                             \
		EXPECT(last_condition.ticks == 0 && last_condition.history == 0);              \
		EXPECT(last_condition.watch.interval_ns == 0 && last_condition.watch.pid == 0); \
		EXPECT(strcmp(last_condition.watch.name, "v") == 0);                           \
	} while (0)

static void conditions_of_integers(void)
{
	static volatile signed char tiny;
	static unsigned long long huge;
	static unsigned short many[4];

	EXPECT_CONDITION(START_WATCH_ABOVE("v", &tiny, 5), VMON_GREATER, 5, 0, 0);
	EXPECT(last_condition.watch.length == 1 && last_condition.rearm == 0);
	EXPECT_CONDITION(START_WATCH_ABOVE_REARM("v", &tiny, 5, -1), VMON_GREATER, 5, 0, VMON_WATCH_REARM);
	EXPECT(last_condition.rearm == (__u64)-1);
	EXPECT_CONDITION(START_WATCH_BELOW("v", &huge, ULLONG_MAX), VMON_LESS, ULLONG_MAX, 0,
			 VMON_WATCH_UNSIGNED);
	EXPECT_CONDITION(START_WATCH_BELOW_REARM("v", many + 3, 5, 6), VMON_LESS, 5, 0,
			 VMON_WATCH_UNSIGNED | VMON_WATCH_REARM);
	EXPECT(last_condition.rearm == 6 && last_condition.watch.length == 2);
	EXPECT(last_condition.watch.address == (__u64)(unsigned long)&many[3]);
	EXPECT_CONDITION(START_WATCH_EQUAL("v", &temp, -2), VMON_EQUAL, -2, 0, 0);
	EXPECT_CONDITION(START_WATCH_NOT_EQUAL("v", &temp, INT_MIN), VMON_NOT_EQUAL, INT_MIN, 0, 0);
	EXPECT_CONDITION(START_WATCH_OUTSIDE("v", &tiny, -5, 5), VMON_OUTSIDE, -5, 5, 0);
	EXPECT_CONDITION(START_WATCH_CHANGED("v", many), VMON_CHANGED, 0, 0, VMON_WATCH_UNSIGNED);
	EXPECT_CONDITION(START_WATCH_CHANGED_BY("v", &temp, 3), VMON_CHANGED_BY, 3, 0, 0);
	EXPECT_CONDITION(START_WATCH_UNCHANGED("v", &temp, 50000000), VMON_UNCHANGED, 50000000, 0, 0);
	EXPECT_CONDITION(START_WATCH_BITS_ANY("v", &tiny, 0x80), VMON_BITS_ANY, 0x80, 0, 0);
	EXPECT_CONDITION(START_WATCH_BITS_ALL("v", &huge, ULLONG_MAX), VMON_BITS_ALL, ULLONG_MAX, 0,
			 VMON_WATCH_UNSIGNED);
	/* As integers of C these are wider, and negative. */
	EXPECT_CONDITION(START_WATCH_BITS_ANY("v", &temp, INT_MIN), VMON_BITS_ANY, 0x80000000, 0, 0);
	EXPECT_CONDITION(START_WATCH_BITS_ALL("v", &tiny, ~0), VMON_BITS_ALL, 0xff, 0, 0);
	/* What the variable does not have is left, for the module to refuse it. */
	EXPECT_CONDITION(START_WATCH_BITS_ANY("v", &tiny, 0x100), VMON_BITS_ANY, 0x100, 0, 0);
}

static void conditions_of_reals(void)
{
	static float single;
	static volatile double real;

	/* 1.5, -0.5 and 0.25 as IEEE 754 has them. */
	EXPECT_CONDITION(START_WATCH_ABOVE("v", &single, 1.5), VMON_GREATER, 0x3fc00000, 0, VMON_WATCH_FLOAT);
	EXPECT(last_condition.watch.length == 4);
	EXPECT_CONDITION(START_WATCH_BELOW_REARM("v", &real, -0.5, 1.5), VMON_LESS, 0xbfe0000000000000, 0,
			 VMON_WATCH_FLOAT | VMON_WATCH_REARM);
	EXPECT(last_condition.rearm == 0x3ff8000000000000 && last_condition.watch.length == 8);
	EXPECT_CONDITION(START_WATCH_OUTSIDE("v", &single, -0.5f, 1.5f), VMON_OUTSIDE, 0xbf000000, 0x3fc00000,
			 VMON_WATCH_FLOAT);
	EXPECT_CONDITION(START_WATCH_CHANGED_BY("v", &real, 0.25), VMON_CHANGED_BY, 0x3fd0000000000000, 0,
			 VMON_WATCH_FLOAT);
	EXPECT_CONDITION(START_WATCH_EQUAL("v", &single, 1), VMON_EQUAL, 0x3f800000, 0, VMON_WATCH_FLOAT);
	EXPECT_CONDITION(START_WATCH_UNCHANGED("v", &real, 7), VMON_UNCHANGED, 7, 0, VMON_WATCH_FLOAT);
}

static void a_condition_can_be_given_more_before_it_starts(void)
{
	struct vmon_watch_condition condition = WATCH_OUTSIDE("v", &temp, 1, 2);

	condition.ticks = 3;
	condition.history = 100;
	condition.watch.interval_ns = 7000;
	EXPECT(start_watch_condition(&condition) == 0);
	EXPECT(condition.watch.id == 7);
	EXPECT(last_condition.ticks == 3 && last_condition.history == 100);
	EXPECT(last_condition.watch.interval_ns == 7000);
	EXPECT_CALLS("open 10, condition 10");
}

static void running_watches_are_changed_asked_listed_and_ended(void)
{
	struct vmon_watch_condition condition = WATCH_ABOVE_REARM("v", &temp, 9, 3);
	struct vmon_watch_state state;
	__u64 ids[2] = { 0, 0 };

	EXPECT(start_watch_condition(&condition) == 0);
	condition.watch.threshold = 8;
	condition.rearm = 2;
	EXPECT(change_watch(&condition) == 0);
	EXPECT(last_change.id == 7 && last_change.threshold == 8 && last_change.rearm == 2);
	EXPECT(last_change.high == 0 && last_change.reserved[0] == 0 && last_change.reserved[1] == 0);
	EXPECT(watch_state(7, &state) == 0);
	EXPECT(state.hits == 7);
	EXPECT(list_watches(ids, 2) == 3);
	EXPECT(ids[0] == 5 && ids[1] == 6);
	EXPECT(cancel_one_watch(7) == 0);
	EXPECT_CALLS("open 10, condition 10, change 10, state 10, list 10, cancel one 10");
}

static void without_a_session_there_are_no_watches_to_ask_about(void)
{
	struct vmon_watch_condition condition = WATCH_CHANGED("v", &temp);
	struct vmon_watch_state state;
	int status = -1;

	EXPECT(list_watches(NULL, 0) == 0);
	EXPECT_FAILURE(watch_state(7, &state), ENOENT);
	EXPECT_FAILURE(change_watch(&condition), ENOENT);
	EXPECT_FAILURE(cancel_one_watch(7), ENOENT);
	EXPECT_CALLS("");
	EXPECT(start_watch_condition(&condition) == 0);
	if (fork() == 0) {
		EXPECT_FAILURE(cancel_one_watch(7), ENOENT);	/* its parent's */
		EXPECT(list_watches(NULL, 0) == 0);
		EXPECT(start_watch_condition(&condition) == 0);
		EXPECT_CALLS("open 10, condition 10, cancel one 10, close 10, open 11, condition 11");
		_exit(failures != 0);
	}
	wait(&status);
	EXPECT(status == 0);
}

static void a_name_too_long_for_a_condition_reaches_the_module_without_its_end(void)
{
	EXPECT(START_WATCH_CHANGED("sixteen bytes it", &temp) == 0);
	EXPECT(!memchr(last_condition.watch.name, 0, sizeof(last_condition.watch.name)));
}

static void files_of_a_program_share_the_device(void)
{
	EXPECT(start() == 0);
	EXPECT(start_in_other_file() == 0);
	EXPECT_CALLS("open 10, watch 10, watch 10");
	EXPECT(last_open_flags == MONITOR_OPEN_FLAGS);
	EXPECT((last_open_flags & O_ACCMODE) == O_WRONLY && last_open_flags != O_WRONLY);
	EXPECT(cancel_watch() == 0);
	EXPECT_CALLS("open 10, watch 10, watch 10, cancel 10");
}

static void a_child_opens_its_own(void)
{
	int status = -1;

	EXPECT(start() == 0);
	if (fork() == 0) {
		EXPECT(start() == 0);
		EXPECT(cancel_watch() == 0);
		EXPECT_CALLS("open 10, watch 10, watch 10, close 10, open 11, watch 11, cancel 11");
		_exit(failures != 0);
	}
	wait(&status);
	EXPECT(status == 0);
	EXPECT(start() == 0);
	EXPECT_CALLS("open 10, watch 10, watch 10");
}

static void a_child_cancels_nothing_of_its_parent(void)
{
	int status = -1;

	EXPECT(start() == 0);
	if (fork() == 0) {
		EXPECT(cancel_watch() == 0);
		EXPECT(cancel_watch() == 0);
		EXPECT_CALLS("open 10, watch 10, cancel 10, close 10");
		_exit(failures != 0);
	}
	wait(&status);
	EXPECT(status == 0);
}

static volatile int inside;

static void *stay_inside(void *unused)
{
	monitor_acquire();
	inside = 1;
	usleep(100000);
	monitor_release();
	return unused;
}

static void a_child_does_not_find_the_lock_taken(void)
{
	pthread_t thread;
	int status = -1;

	EXPECT(start() == 0);
	pthread_create(&thread, NULL, stay_inside, NULL);
	while (!inside)
		usleep(1000);
	if (fork() == 0) {
		alarm(20);	/* ends a child that waits for ever */
		_exit(cancel_watch() != 0);
	}
	wait(&status);
	EXPECT(status == 0);
	pthread_join(thread, NULL);
}

static void a_device_that_was_closed_is_opened_again(void)
{
	EXPECT(start() == 0);
	device_error[10] = EBADF;
	EXPECT(start() == 0);
	device_error[11] = ENOTTY;	/* its number is another file's now */
	EXPECT(start() == 0);
	EXPECT_CALLS("open 10, watch 10, watch 10, open 11, watch 11, watch 11, open 12, watch 12");
}

static void it_does_not_try_for_ever(void)
{
	EXPECT(start() == 0);
	device_error[10] = device_error[11] = EIO;
	EXPECT_FAILURE(start(), EIO);
	EXPECT_CALLS("open 10, watch 10, watch 10, close 10, open 11, watch 11, close 11");
}

static void a_refusal_is_not_repeated(void)
{
	device_error[10] = ENOSPC;
	EXPECT_FAILURE(start(), ENOSPC);
	EXPECT_CALLS("open 10, watch 10");
}

static void a_device_that_cannot_be_opened_is_tried_again_later(void)
{
	open_error = ENOENT;
	EXPECT_FAILURE(start(), ENOENT);
	EXPECT(cancel_watch() == 0);
	open_error = 0;
	EXPECT(start() == 0);
	EXPECT_CALLS("open -1, open 10, watch 10");
}

#define TEST(name) { #name, name }
static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	TEST(encodings),
	TEST(macros_leave_the_rest_to_defaults),
	TEST(start_watch_passes_every_field_on),
	TEST(long_names_are_refused),
	TEST(lengths_that_would_be_cut_are_refused),
	TEST(conditions_of_integers),
	TEST(conditions_of_reals),
	TEST(a_condition_can_be_given_more_before_it_starts),
	TEST(running_watches_are_changed_asked_listed_and_ended),
	TEST(without_a_session_there_are_no_watches_to_ask_about),
	TEST(a_name_too_long_for_a_condition_reaches_the_module_without_its_end),
	TEST(files_of_a_program_share_the_device),
	TEST(a_child_opens_its_own),
	TEST(a_child_cancels_nothing_of_its_parent),
	TEST(a_child_does_not_find_the_lock_taken),
	TEST(a_device_that_was_closed_is_opened_again),
	TEST(it_does_not_try_for_ever),
	TEST(a_refusal_is_not_repeated),
	TEST(a_device_that_cannot_be_opened_is_tried_again_later),
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (argc < 2) {
			puts(tests[i].name);
		} else if (strcmp(argv[1], tests[i].name) == 0) {
			tests[i].run();
			return failures != 0;
		}
	}
	return argc < 2 ? 0 : 64;
}
