/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching variables from C and C++ programs; header-only, C11 and C++17.
 *
 *     static volatile int temp;
 *
 *     if (START_WATCH_INT("temp", &temp, 150))
 *             fprintf(stderr, "%s\n", monitor_strerror(errno));
 *
 * From then on the kernel compares temp every few microseconds; when it is
 * greater than 150, variable_monitor.ko records what the whole machine is
 * doing, and `ucli` shows it. A variable must stay where it is while it is
 * watched. Unless it is volatile or atomic, an optimiser may merge the stores of
 * a hot loop into one, and the values in between are never in memory to be seen.
 *
 * All functions may be called from any thread. Those that return int return 0,
 * or -1 with errno as open(2) sets it, or as variable_monitor.h lists it for
 * VMON_IOC_WATCH; monitor_strerror() says what to do about it.
 *
 * For more than a threshold, of float and double too, see monitor_condition.h.
 */
#ifndef MONITOR_USER_H
#define MONITOR_USER_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "vmon_ioctl.h"

/* glibc hides O_CLOEXEC from strict C11, but has it under this name. */
#ifdef O_CLOEXEC
#define MONITOR_OPEN_FLAGS (O_WRONLY | O_CLOEXEC)
#else
#define MONITOR_OPEN_FLAGS (O_WRONLY | __O_CLOEXEC)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One watch, for programs. What the kernel sees is struct vmon_watch. */
typedef struct watch_arg {
	pid_t task_id;			/* process; 0: this one */
	char name[MAX_NAME_LEN + 1];	/* NUL-terminated */
	void *ptr;
	int length_byte;		/* 1, 2, 4 or 8 */
	long long threshold;
	unsigned char unsigned_flag;	/* value and threshold are unsigned */
	unsigned char greater_flag;	/* hit when greater; 0: when less */
	unsigned long time_ns;		/* interval; 0: the module's default */
} watch_arg;

/* ---- the device as this process has it open: one for all its files -------- */

__attribute__((weak)) int monitor_device = -1;
__attribute__((weak)) pthread_mutex_t monitor_lock = PTHREAD_MUTEX_INITIALIZER;
__attribute__((weak)) pthread_once_t monitor_once = PTHREAD_ONCE_INIT;

static inline void monitor_acquire(void)
{
	pthread_mutex_lock(&monitor_lock);
}

static inline void monitor_release(void)
{
	pthread_mutex_unlock(&monitor_lock);
}

/* A child must not find the lock taken by a thread that it does not have. */
static inline void monitor_make_fork_safe(void)
{
	pthread_atfork(monitor_acquire, monitor_release, monitor_release);
}

static inline int monitor_result(int result)
{
	if (result >= 0)
		return 0;
	errno = -result;
	return -1;
}

/*
 * Forgets the device if that result says that it is no session of this process:
 * a parent's, from before a fork (EIO), or closed by the program, as daemons close
 * all they inherit, so that its number may by now be another file's.
 */
static inline int monitor_forget(int result, int just_opened)
{
	if (result != -EIO && result != -EBADF && result != -ENOTTY)
		return 0;
	if (just_opened || result == -EIO)
		close(monitor_device);
	monitor_device = -1;
	return 1;
}

/* Sends one of the two; the caller holds the lock. 0 or a negative errno. */
static inline int monitor_request(struct vmon_watch *watch, struct vmon_watch_condition *condition)
{
	int opened, result;

	do {
		opened = monitor_device < 0;
		if (opened)
			monitor_device = open(VMON_DEVICE_PATH, MONITOR_OPEN_FLAGS);
		if (monitor_device < 0)
			return -errno;
		result = watch ? vmon_ioctl_watch(monitor_device, watch) :
				 vmon_ioctl_watch_condition(monitor_device, condition);
	} while (monitor_forget(result, opened) && !opened);
	return result;
}

/* Starts one watch. */
static inline int start_watch(watch_arg arg)
{
	struct vmon_watch watch;
	int result;

	if (arg.length_byte < 1 || arg.length_byte > 8)
		return monitor_result(-EINVAL);
	if (!memchr(arg.name, 0, sizeof(arg.name)))
		return monitor_result(-ENAMETOOLONG);
	memset(&watch, 0, sizeof(watch));
	watch.address = (__u64)(unsigned long)arg.ptr;
	watch.threshold = (__u64)arg.threshold;
	watch.interval_ns = arg.time_ns;
	watch.pid = arg.task_id;
	watch.length = (__u8)arg.length_byte;
	watch.comparison = arg.greater_flag ? VMON_GREATER : VMON_LESS;
	watch.flags = arg.unsigned_flag ? VMON_WATCH_UNSIGNED : 0;
	memcpy(watch.name, arg.name, sizeof(watch.name));

	pthread_once(&monitor_once, monitor_make_fork_safe);
	monitor_acquire();
	result = monitor_request(&watch, NULL);
	monitor_release();
	return monitor_result(result);
}

/* Ends all watches of this process; those of a parent, after a fork, go on. */
static inline int cancel_watch(void)
{
	int result = 0;

	monitor_acquire();
	if (monitor_device >= 0)
		result = vmon_ioctl_cancel_all(monitor_device);
	if (monitor_forget(result, 0))
		result = 0;
	monitor_release();
	return monitor_result(result);
}

/* What the macros below call: at the default interval, in this process. */
static inline int monitor_start(const char *name, const volatile void *variable, size_t length,
				long long threshold, int is_unsigned, int is_greater)
{
	watch_arg arg;

	memset(&arg, 0, sizeof(arg));
	if (strlen(name) >= sizeof(arg.name))
		return monitor_result(-ENAMETOOLONG);
	memcpy(arg.name, name, strlen(name));
	arg.ptr = (void *)(unsigned long)variable;
	arg.length_byte = (int)length;
	arg.threshold = threshold;
	arg.unsigned_flag = is_unsigned != 0;
	arg.greater_flag = is_greater != 0;
	return start_watch(arg);
}

/* What happened and what to do next, for an errno that the functions above set. */
static inline const char *monitor_strerror(int error)
{
	switch (error) {
	case ENOENT:
		return VMON_DEVICE_PATH " or the watch does not exist. Load the module: insmod kmod/variable_monitor.ko; or start the watch again.";
	case ENXIO:
	case ENODEV:
		return VMON_DEVICE_PATH " does not exist. Load the module: insmod kmod/variable_monitor.ko";
	case EACCES:
		return VMON_DEVICE_PATH " may not be opened for writing. Run as root, or let root grant access with chown or chmod.";
	case EPERM:
		return "Not permitted to open " VMON_DEVICE_PATH ", or to watch another process, which needs CAP_SYS_PTRACE. Run as root.";
	case EMFILE:
	case ENFILE:
		return "Too many files are open, so " VMON_DEVICE_PATH " cannot be. Close some, or raise the limit with ulimit -n.";
	case EINVAL:
		return "The module refuses the watch. Set length_byte to 1, 2, 4 or 8; a condition's values must fit together; load the module that was built with this header.";
	case ENOTTY:
		return "The loaded module does not know this request. Load the one that was built with this header.";
	case ENAMETOOLONG:
		return "A watch's name has at most 15 bytes. Choose a shorter one.";
	case ERANGE:
		return "The interval is out of range. Choose one from 10,000 ns (as root from 1,000) to an hour, or 0; of ticks up to 1,000,000, of history 4,096.";
	case EXDEV:
		return "The variable crosses a cache line, so it cannot be read in one access. Align it to its size.";
	case EFAULT:
		return "Nothing readable is mapped at the variable's address. Pass one that exists as long as it is watched.";
	case ESRCH:
		return "There is no such process, or it has no memory of its own. Check task_id.";
	case EIO:
		return "The open device belongs to another address space. Try again from this one.";
	case ENOSPC:
		return "All timers are in use. Cancel watches, or use fewer different intervals.";
	case ENOMEM:
		return "No memory for one more watched page, or for its history. Raise the limit of locked memory with ulimit -l.";
	case EAGAIN:
		return "The variable's memory is not there yet, or changes faster than it can be read. Try again when the process has written it.";
	case EINTR:
		return "A signal came before the watch was started. Try again.";
	}
	return "Unexpected error. Look into the kernel log with dmesg.";
}

#ifdef __cplusplus
}
#endif

/* ---- START_WATCH_type(name, pointer, threshold) ---------------------------- */

/* The pointer, if it points to the type, whatever its qualifiers; else no compiler takes it. */
#ifdef __cplusplus
#include <atomic>

template <typename Type> inline const volatile void *monitor_pointer(const volatile Type *variable)
{
	return variable;
}

template <typename Type>
inline const volatile void *monitor_pointer(const volatile std::atomic<Type> *variable)
{
	static_assert(sizeof(*variable) == sizeof(Type), "the atomic holds more than its value");
	return variable;
}

#define MONITOR_POINTER(type, variable) monitor_pointer<type>(variable)
#else
#define MONITOR_POINTER(type, variable) _Generic(*(variable), type: (variable))
#endif

#define MONITOR_START(type, name, variable, threshold, is_greater)                     \
	monitor_start(name, MONITOR_POINTER(type, variable), sizeof(type),             \
		      (long long)(threshold), (type)-1 > (type)0, is_greater)

/* A greater value is a hit; _LESS: a lesser one. */
#define START_WATCH_CHAR(n, v, t) MONITOR_START(char, n, v, t, 1)
#define START_WATCH_CHAR_LESS(n, v, t) MONITOR_START(char, n, v, t, 0)
#define START_WATCH_SCHAR(n, v, t) MONITOR_START(signed char, n, v, t, 1)
#define START_WATCH_SCHAR_LESS(n, v, t) MONITOR_START(signed char, n, v, t, 0)
#define START_WATCH_UCHAR(n, v, t) MONITOR_START(unsigned char, n, v, t, 1)
#define START_WATCH_UCHAR_LESS(n, v, t) MONITOR_START(unsigned char, n, v, t, 0)
#define START_WATCH_SHORT(n, v, t) MONITOR_START(short, n, v, t, 1)
#define START_WATCH_SHORT_LESS(n, v, t) MONITOR_START(short, n, v, t, 0)
#define START_WATCH_USHORT(n, v, t) MONITOR_START(unsigned short, n, v, t, 1)
#define START_WATCH_USHORT_LESS(n, v, t) MONITOR_START(unsigned short, n, v, t, 0)
#define START_WATCH_INT(n, v, t) MONITOR_START(int, n, v, t, 1)
#define START_WATCH_INT_LESS(n, v, t) MONITOR_START(int, n, v, t, 0)
#define START_WATCH_UINT(n, v, t) MONITOR_START(unsigned int, n, v, t, 1)
#define START_WATCH_UINT_LESS(n, v, t) MONITOR_START(unsigned int, n, v, t, 0)
#define START_WATCH_LONG(n, v, t) MONITOR_START(long, n, v, t, 1)
#define START_WATCH_LONG_LESS(n, v, t) MONITOR_START(long, n, v, t, 0)
#define START_WATCH_ULONG(n, v, t) MONITOR_START(unsigned long, n, v, t, 1)
#define START_WATCH_ULONG_LESS(n, v, t) MONITOR_START(unsigned long, n, v, t, 0)
#define START_WATCH_LLONG(n, v, t) MONITOR_START(long long, n, v, t, 1)
#define START_WATCH_LLONG_LESS(n, v, t) MONITOR_START(long long, n, v, t, 0)
#define START_WATCH_ULLONG(n, v, t) MONITOR_START(unsigned long long, n, v, t, 1)
#define START_WATCH_ULLONG_LESS(n, v, t) MONITOR_START(unsigned long long, n, v, t, 0)
#define START_WATCH_INT8(n, v, t) MONITOR_START(int8_t, n, v, t, 1)
#define START_WATCH_INT8_LESS(n, v, t) MONITOR_START(int8_t, n, v, t, 0)
#define START_WATCH_UINT8(n, v, t) MONITOR_START(uint8_t, n, v, t, 1)
#define START_WATCH_UINT8_LESS(n, v, t) MONITOR_START(uint8_t, n, v, t, 0)
#define START_WATCH_INT16(n, v, t) MONITOR_START(int16_t, n, v, t, 1)
#define START_WATCH_INT16_LESS(n, v, t) MONITOR_START(int16_t, n, v, t, 0)
#define START_WATCH_UINT16(n, v, t) MONITOR_START(uint16_t, n, v, t, 1)
#define START_WATCH_UINT16_LESS(n, v, t) MONITOR_START(uint16_t, n, v, t, 0)
#define START_WATCH_INT32(n, v, t) MONITOR_START(int32_t, n, v, t, 1)
#define START_WATCH_INT32_LESS(n, v, t) MONITOR_START(int32_t, n, v, t, 0)
#define START_WATCH_UINT32(n, v, t) MONITOR_START(uint32_t, n, v, t, 1)
#define START_WATCH_UINT32_LESS(n, v, t) MONITOR_START(uint32_t, n, v, t, 0)
#define START_WATCH_INT64(n, v, t) MONITOR_START(int64_t, n, v, t, 1)
#define START_WATCH_INT64_LESS(n, v, t) MONITOR_START(int64_t, n, v, t, 0)
#define START_WATCH_UINT64(n, v, t) MONITOR_START(uint64_t, n, v, t, 1)
#define START_WATCH_UINT64_LESS(n, v, t) MONITOR_START(uint64_t, n, v, t, 0)

#include "monitor_condition.h"

#endif /* MONITOR_USER_H */
