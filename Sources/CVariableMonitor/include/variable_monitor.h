/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The interface between variable_monitor.ko and everything in user space: the
 * ioctls that start and end watches, and the records that are read from the
 * device. This header and vmon_records.h are the only definition; the module, C programs and the
 * Swift targets all compile it.
 *
 * Rules that keep it stable: fixed-width types with natural alignment and
 * explicit padding, so that 32-bit and 64-bit callers see one layout; reserved
 * fields must be zero; a new need gets a new ioctl number or a new record type,
 * and readers skip record types that they do not know.
 */
#ifndef VARIABLE_MONITOR_H
#define VARIABLE_MONITOR_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The layout does not depend on the compiler. */
#ifdef __cplusplus
#define VMON_ASSERT_SIZE(type, bytes) static_assert(sizeof(struct type) == (bytes), #type)
#else
#define VMON_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)
#endif

#define VMON_DEVICE_PATH "/dev/variable_monitor"

/* ---- limits ------------------------------------------------------------ */

#define TIMER_MAX_WATCH_NUM 32		/* watches that share one hrtimer */
#define MAX_TIMER_NUM 128		/* hrtimers, so 4,096 watches */
#define MAX_NAME_LEN 15			/* bytes of a watch's name, without NUL */

#define VMON_COMM_LEN 16		/* with NUL */
#define VMON_BUILD_ID_MAX 20		/* bytes */
#define VMON_KERNEL_FRAMES_MAX 128	/* per task */
#define VMON_USER_STACK_MAX 65536	/* bytes copied per task, a multiple of a page */
#define VMON_RECORD_SIZE_MAX 131072	/* a read buffer this large takes any record */
#define VMON_PARENTS_MAX 10		/* ancestors recorded per process */
#define VMON_HISTORY_MAX 4096		/* samples that a watch keeps */
#define VMON_TICKS_MAX 1000000		/* in a row, until a watch hits */

/* ---- watching ---------------------------------------------------------- */

/* When a watch hits. VMON_IOC_WATCH knows the first two. */
enum vmon_comparison {
	VMON_GREATER = 0,		/* value > threshold */
	VMON_LESS = 1,			/* value < threshold */
	VMON_EQUAL = 2,			/* value == threshold */
	VMON_NOT_EQUAL = 3,		/* value != threshold */
	VMON_OUTSIDE = 4,		/* value < threshold or value > high */
	VMON_CHANGED = 5,		/* another value than at the tick before */
	VMON_CHANGED_BY = 6,		/* by more than threshold, up or down */
	VMON_UNCHANGED = 7,		/* the same value for at least threshold ns */
	VMON_BITS_ANY = 8,		/* value & threshold != 0 */
	VMON_BITS_ALL = 9,		/* value & threshold == threshold */
};

/* Bits of vmon_watch.flags. VMON_IOC_WATCH knows the first one. */
enum vmon_watch_flags {
	VMON_WATCH_UNSIGNED = 1,	/* value and threshold are unsigned */
	VMON_WATCH_FLOAT = 2,		/* they are a float or a double, each as its bits */
	VMON_WATCH_REARM = 4,		/* after a hit, none until the value came back to rearm */
};

/*
 * One watch: "the variable at this virtual address of this process".
 * The variable may lie anywhere inside one cache line (64 bytes): what crosses
 * one cannot be read in a single access, and is refused.
 */
struct vmon_watch {
	__u64 address;			/* virtual address of the variable */
	__u64 threshold;		/* signed watches: two's complement */
	__u64 interval_ns;		/* 0: /proc/variable_monitor/def_interval_ns */
	__u64 id;			/* out: the watch's number, never reused */
	__s32 pid;			/* process, as the caller sees it; 0: the caller */
	__u8 length;			/* bytes: 1, 2, 4 or 8; 32-bit code writes 8 in two steps */
	__u8 comparison;		/* enum vmon_comparison */
	__u8 flags;			/* enum vmon_watch_flags */
	__u8 reserved0;
	char name[MAX_NAME_LEN + 1];	/* NUL-terminated */
	__u64 reserved[2];
};

/*
 * One watch with any condition. Fields that its comparison and flags do not name are 0.
 *
 * Each tick reads the variable once and compares it with what it read at the tick before;
 * what it held in between is not seen. The first tick has none before it. Where ticks cannot
 * read it, for the kernel is changing the mapping, the next one that can compares
 * with the last one that could; such time does not count as unchanged, and ends a row of ticks.
 *
 * A float or double is compared as C does: -0 equals 0, and the infinities are less and
 * greater than all else. Only a NaN hits nothing, not even VMON_NOT_EQUAL: the tick that
 * reads it ends a row, and the next one has none before it. A change to or from an infinity is
 * more than any number. A threshold, high or rearm that is a NaN is refused, as is
 * a VMON_CHANGED_BY that is negative or infinite; of a float the upper 32 bits are 0.
 */
struct vmon_watch_condition {
	struct vmon_watch watch;	/* VMON_CHANGED: threshold is 0. VMON_CHANGED_BY: it is
					   not negative, of integers always unsigned.
					   VMON_BITS_…: not 0, within length, not of floats */
	__u64 high;			/* VMON_OUTSIDE: not less than threshold */
	__u64 rearm;			/* VMON_WATCH_REARM, with VMON_GREATER and VMON_LESS only:
					   the value at which, or beyond which, it came back;
					   on the other side of threshold, or the same */
	__u32 ticks;			/* so many in a row at which it holds make a hit, up to
					   VMON_TICKS_MAX; 0 is 1 */
	__u32 history;			/* samples kept for the dump, up to VMON_HISTORY_MAX */
	__u64 reserved[3];
};

/* The values of a watch's condition; the rest stays. What was not named at its start is 0. */
struct vmon_change {
	__u64 id;
	__u64 threshold;
	__u64 high;
	__u64 rearm;
	__u64 reserved[2];
};

/* Bits of vmon_watch_state.flags. */
enum vmon_state_flags {
	VMON_STATE_MUTED = 1,		/* it hit, and dump_reset_sec are not over */
	VMON_STATE_DISARMED = 2,	/* VMON_WATCH_REARM: it hit, and did not come back */
	VMON_STATE_UNREADABLE = 4,	/* the kernel is changing the mapping, or reading the page */
};

struct vmon_watch_state {
	__u64 id;			/* in; what follows is out */
	__u64 hits;
	__u64 muted_ticks;		/* since its last hit */
	__u64 timer_ticks;		/* of its timer, which other watches share */
	__u64 throttled_ticks;		/* … after which the next one came late */
	__u64 interval_ns;		/* asked for */
	__u64 current_interval_ns;	/* from its timer's last tick to the next */
	__u32 flags;			/* enum vmon_state_flags */
	__u32 reserved;			/* in and out: 0 */
};

/* This session's watches, the oldest first. */
struct vmon_watch_list {
	__u64 ids;			/* address of a __u64[capacity] */
	__u32 capacity;
	__u32 count;			/* out: all there are; the first capacity are in ids */
};

/* A dump without a hit. */
struct vmon_dump_request {
	__u64 dump_id;			/* out: of the dump, as in its records */
	__s32 pid;			/* a process whose threads are dumped whatever their
					   state, as the caller sees it; 0: none */
	__u32 reserved;
};

/*
 * VMON_IOC_WATCH starts one watch and fills in its id. Nothing is half done when it
 * fails, with errno
 *   EINVAL        length, comparison, flags or a reserved field is not valid
 *   ENAMETOOLONG  the name has no NUL in its 16 bytes
 *   ERANGE        the interval is below the caller's floor or above an hour
 *   EXDEV         the variable crosses a cache line
 *   EFAULT        nothing readable is mapped at the address
 *   ESRCH         no such process, or it has no memory of its own
 *   EPERM         another process, without CAP_SYS_PTRACE over it
 *   EBADF         the device was not opened for writing
 *   EIO           the device was opened by another address space (before a fork
 *                 or exec, or passed over a socket): open it again
 *   ENOSPC        all MAX_TIMER_NUM timers are in use, or as many watches as fit into them
 *                 live, those that ended and still wait for their dump among them
 *   ENOMEM        RLIMIT_MEMLOCK has no room for one more page, or out of memory
 *   EAGAIN        the process changes its mappings faster than they can be read, or a pager in
 *                 user space (userfaultfd) has not filled the page yet
 *
 * VMON_IOC_WATCH_CONDITION does the same with any condition, and has the same errnos. EINVAL
 * also if a value is not valid for the comparison, or a field that it does not use is not
 * 0; ERANGE also if ticks or history is above its limit; ENOMEM also if the history does not fit
 * into what RLIMIT_MEMLOCK lets the caller's user lock, counted as for io_uring: 16 bytes a
 * sample, in whole pages. CAP_IPC_LOCK overrides that.
 *
 * VMON_IOC_CHANGE gives a watch of this session other values between two ticks. Its condition
 * begins anew: no tick before, no row, armed. Its mute, its history and its page stay. EINVAL as
 * above, ENOENT if the session has none of that id. VMON_IOC_STATE tells how one is, with
 * the same errnos, VMON_IOC_LIST which there are. All three need the device open for writing.
 *
 * VMON_IOC_CANCEL ends one watch of this session by its id: ENOENT if it has
 * none of that id. VMON_IOC_CANCEL_ALL ends all of them.
 *
 * VMON_IOC_RELEASE gives the buffer's space up to and including a sequence
 * number back, also of records that other readers have not read; needs the device
 * open for reading. A number that was never given out is EINVAL.
 *
 * VMON_IOC_DUMP has a dump made now, or dump_gap_ms after the start of the last one,
 * and returns when it is in the buffer; needs the device open for reading. EINVAL if
 * a reserved field is not 0, ESRCH without such a process, EBUSY if too many requests
 * wait, ENOBUFS if the buffer had no room, EINTR after a signal (the dump then comes
 * all the same).
 */
#define VMON_IOC_WATCH		_IOWR('v', 0x60, struct vmon_watch)
#define VMON_IOC_CANCEL		_IOW('v', 0x61, __u64)
#define VMON_IOC_CANCEL_ALL	_IO('v', 0x62)
#define VMON_IOC_RELEASE	_IOW('v', 0x63, __u64)
#define VMON_IOC_DUMP		_IOWR('v', 0x64, struct vmon_dump_request)
#define VMON_IOC_WATCH_CONDITION _IOWR('v', 0x65, struct vmon_watch_condition)
#define VMON_IOC_CHANGE		_IOW('v', 0x66, struct vmon_change)
#define VMON_IOC_STATE		_IOWR('v', 0x67, struct vmon_watch_state)
#define VMON_IOC_LIST		_IOWR('v', 0x68, struct vmon_watch_list)

VMON_ASSERT_SIZE(vmon_watch, 72);
VMON_ASSERT_SIZE(vmon_watch_condition, 120);
VMON_ASSERT_SIZE(vmon_change, 48);
VMON_ASSERT_SIZE(vmon_watch_state, 64);
VMON_ASSERT_SIZE(vmon_watch_list, 16);
VMON_ASSERT_SIZE(vmon_dump_request, 16);

#include "vmon_records.h"

#endif /* VARIABLE_MONITOR_H */
