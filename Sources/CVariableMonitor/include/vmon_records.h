/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The records that are read from the device. variable_monitor.h includes this. */
#ifndef VMON_RECORDS_H
#define VMON_RECORDS_H

#define VMON_RECORD_MAGIC 0x4d56	/* "VM" */

enum vmon_record_type {
	VMON_RECORD_DUMP_BEGIN = 1,
	VMON_RECORD_HIT = 2,
	VMON_RECORD_TASK = 3,
	VMON_RECORD_PROCESS = 4,
	VMON_RECORD_MAPPINGS = 5,
	VMON_RECORD_DUMP_END = 6,
	VMON_RECORD_LOST = 7,
	VMON_RECORD_WATCH_END = 8,
	VMON_RECORD_HANG = 9,
	VMON_RECORD_CONDITION = 10,
	VMON_RECORD_HISTORY = 11,
	VMON_RECORD_BLOCKED = 12,
};

/*
 * Every record starts with this. read() returns whole records only. Each
 * record takes the next sequence number, those that found the buffer full
 * too. A gap in the numbers is where records were lost, which the VMON_RECORD_LOST
 * behind it tells, or where a reader's VMON_IOC_RELEASE took what this one had not read.
 */
struct vmon_record {
	__u16 magic;			/* VMON_RECORD_MAGIC */
	__u16 type;			/* enum vmon_record_type */
	__u32 size;			/* of the whole record, a multiple of 8 */
	__u64 sequence;			/* from 1 */
	__u64 time_ns;			/* CLOCK_MONOTONIC, when it was written */
	__u64 dump_id;			/* from 1; 0: belongs to no dump */
	__u32 cpu;			/* that wrote it */
	__u32 reserved;
};

/* Bits of vmon_dump_begin.reason. */
enum vmon_dump_reason {
	VMON_DUMP_HIT = 1,
	VMON_DUMP_REQUEST = 2,		/* VMON_IOC_DUMP */
	VMON_DUMP_HANG = 4,		/* the kernel found hung tasks */
};

/* Opens a dump; its hits follow, then its hung tasks, then histories. */
struct vmon_dump_begin {
	struct vmon_record record;
	__u64 realtime_ns;		/* CLOCK_REALTIME of record.time_ns */
	__u32 reason;			/* enum vmon_dump_reason */
	__u32 hits;			/* VMON_RECORD_HIT records that follow */
};

/* One watch whose comparison held at a tick. */
struct vmon_hit {
	struct vmon_record record;
	__u64 watch_id;
	__u64 address;
	__u64 value;			/* sign- or zero-extended to 64 bits */
	__u64 threshold;
	__u64 muted_ticks;		/* before, at which it held while the watch was muted */
	__u64 interval_ns;
	__u64 tick_ns;			/* CLOCK_MONOTONIC of the tick */
	__u64 tick_realtime_ns;		/* CLOCK_REALTIME of the tick */
	__u64 running_ip;		/* what the tick interrupted on its CPU */
	__u32 running_pid;		/* 0: the CPU was idle */
	__u32 tick_cpu;
	__u32 pid;			/* process of the variable */
	__u8 length;
	__u8 comparison;		/* enum vmon_comparison */
	__u8 flags;			/* enum vmon_watch_flags */
	__u8 reserved0;
	char name[MAX_NAME_LEN + 1];
	char running_comm[VMON_COMM_LEN];
};

/* Bits of vmon_condition.known. */
enum vmon_condition_known {
	VMON_KNOWN_PREVIOUS = 1,	/* previous, previous_ns and unchanged_ns */
};

/*
 * Follows the hit of a watch that VMON_IOC_WATCH_CONDITION started: the condition that held,
 * together with the hit's threshold, comparison and flags, and what it was compared with. Values
 * are extended as the hit's; those of floats are their bits.
 */
struct vmon_condition {
	struct vmon_record record;
	__u64 watch_id;
	__u64 high;
	__u64 rearm;
	__u64 previous;			/* value at the tick before that could read it */
	__u64 previous_ns;		/* CLOCK_MONOTONIC of that tick */
	__u64 unchanged_ns;		/* for which ticks read the same value until this one */
	__u32 ticks;			/* in a row that were asked for, at least 1 */
	__u32 ticks_held;		/* in a row, with this one */
	__u32 known;			/* enum vmon_condition_known; what is not known is 0 */
	__u32 reserved;
};

struct vmon_sample {
	__u64 time_ns;			/* CLOCK_MONOTONIC of the tick */
	__u64 value;			/* as in vmon_hit */
};

/*
 * The last samples of a watch that keeps them, of a process that caused the dump. `count`
 * struct vmon_sample follow, the oldest first, one for each tick that could read the variable.
 * They end with the tick of the process's first hit of this dump, until which no
 * tick is missing; those after it, until its dump reads them, are. After a hit that came while the
 * dump before was being made, they go on until its own dump.
 */
struct vmon_history {
	struct vmon_record record;
	__u64 watch_id;
	__u64 address;
	__u64 interval_ns;
	__u64 samples_before;		/* that were kept once, and are no more */
	__u32 pid;			/* process of the variable */
	__u32 count;
	char name[MAX_NAME_LEN + 1];
	__u8 length;
	__u8 comparison;		/* enum vmon_comparison */
	__u8 flags;			/* enum vmon_watch_flags */
	__u8 reserved0;
	__u32 reserved;
};

/* A task that the kernel found hung: it waits uninterruptibly, and was not scheduled for long. */
struct vmon_hang {
	struct vmon_record record;
	__u64 start_time_ns;		/* CLOCK_BOOTTIME */
	__u32 pid;
	__u32 tgid;
	char comm[VMON_COMM_LEN];
};

/* User registers, in the order of the kernel's user_regs_struct. */
struct vmon_registers {
	__u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	__u64 rax, rcx, rdx, rsi, rdi, orig_rax;
	__u64 rip, cs, eflags, rsp, ss;
};

/* Bits of vmon_task.flags. */
enum vmon_task_flags {
	VMON_TASK_KERNEL_THREAD = 1,	/* has no user side */
	VMON_TASK_REGISTERS = 2,	/* registers are valid */
	VMON_TASK_ON_CPU = 4,		/* captured by an interrupt while it ran */
	VMON_TASK_STALE = 8,		/* ran elsewhere and could not be interrupted:
					   registers are of its last kernel entry */
	VMON_TASK_32BIT = 16,		/* user code is 32-bit */
	VMON_TASK_MOVED = 32,		/* ran between state and stacks being read: they
					   may be of different moments */
	VMON_TASK_KERNEL_TRUNCATED = 64,	/* more kernel frames than fit */
	VMON_TASK_USER_TRUNCATED = 128,	/* the user stack is longer than its copy */
	VMON_TASK_HIT = 256,		/* belongs to a process whose variable hit */
};

/*
 * One task. Three parts follow the struct, each padded to 8 bytes:
 *   kernel_frames * __u64   return addresses, leaf first
 *   stack_bytes             copy of the user stack from address stack_start up
 *   cgroup_bytes            path of its cgroup (default hierarchy), no NUL
 * Bit n of stack_missing: the n-th page that the copy touches could not be
 * read without waiting, and is zero in the copy.
 */
struct vmon_task {
	struct vmon_record record;
	__u64 start_time_ns;		/* CLOCK_BOOTTIME */
	__u32 pid;
	__u32 tgid;
	char comm[VMON_COMM_LEN];
	__u32 flags;			/* enum vmon_task_flags */
	__u8 state;			/* letter as in ps: R, S, D, I, T, … */
	__u8 reserved0[3];
	__u64 address_space;		/* of the dump's MAPPINGS; 0: none */
	__u64 wait_channel;		/* kernel address it sleeps in; 0: none */
	struct vmon_registers registers;
	__u64 stack_start;
	__u32 stack_bytes;
	__u32 stack_missing;
	__u32 kernel_frames;
	__u32 cgroup_bytes;
};

/* What a task waits for. Without PREEMPT_RT a mutex is no rt_mutex. */
enum vmon_lock_kind {
	VMON_LOCK_UNKNOWN = 0,		/* a lock, but which one cannot be told */
	VMON_LOCK_MUTEX = 1,		/* ww_mutexes too */
	VMON_LOCK_RWSEM_READ = 2,	/* wants to read */
	VMON_LOCK_RWSEM_WRITE = 3,	/* wants to write */
	VMON_LOCK_SEMAPHORE = 4,
	VMON_LOCK_RT_MUTEX = 5,		/* that of a priority-inheriting futex too */
	VMON_LOCK_SPINLOCK = 6,		/* or an rwlock: it spins, or sleeps on PREEMPT_RT */
	VMON_LOCK_FUTEX = 7,		/* a lock, or anything else, of its own program */
};

/* Bits of vmon_blocked.flags. Fields without their bit are zero. */
enum vmon_blocked_flags {
	VMON_BLOCKED_OWNER = 1,		/* the kind names its owner, and there is one */
	VMON_BLOCKED_OWNER_EXITED = 2,	/* … that has exited: its fields are zero if it is gone */
	VMON_BLOCKED_READERS = 4,	/* readers is valid */
	VMON_BLOCKED_QUEUE = 8,		/* queue_place and waiters are valid */
	VMON_BLOCKED_QUEUE_TRUNCATED = 16,	/* … of a longer queue: at least so many */
	VMON_BLOCKED_FUTEX = 32,	/* futex and futex_operation are valid */
	VMON_BLOCKED_FUTEX_WORDS = 64,	/* futex_words are valid */
	VMON_BLOCKED_FUTEX_PIDS = 128,	/* thread ids in them are pids as records have them */
};

/*
 * The lock that a task waits for; comes right behind its TASK, if it waits for one. Found
 * without the lock's help: each fact was read twice, while the task did not run. What
 * could not be told for certain is zero.
 *
 * A lock in the kernel has an owner as follows: mutex and rt_mutex; rwsem while a writer
 * owns it; a semaphore and a spinlock have none. On PREEMPT_RT an rwsem may have both an
 * owner and readers: the owner waits to write until the readers are done.
 *
 * A futex is a number in the program's memory, whose meaning the program knows. Its first
 * word and the three behind it are those of a pthread mutex of glibc: lock, recursion,
 * the owner's thread id (as its pid namespace has it: VMON_BLOCKED_FUTEX_PIDS tells whether
 * that is the machine's), number of users. With VMON_LOCK_RT_MUTEX these fields tell of the
 * futex that the rt_mutex stands for.
 *
 * waited_ns is how long ago the task came to its last CPU: it waits since shortly after
 * that. The wait as a whole is longer if the task woke up in between in vain.
 */
struct vmon_blocked {
	struct vmon_record record;
	__u64 lock;			/* kernel address; 0: none, or not told */
	__u64 waited_ns;		/* 0: not told */
	__u64 owner_start_time_ns;	/* CLOCK_BOOTTIME */
	__u64 futex;			/* user address */
	__u32 pid;			/* the task */
	__u32 kind;			/* enum vmon_lock_kind */
	__u32 flags;			/* enum vmon_blocked_flags */
	__u32 owner_pid;
	__u32 owner_tgid;
	__u32 readers;			/* that hold the rwsem */
	__u32 queue_place;		/* waiters before it */
	__u32 waiters;			/* in all, itself included */
	__u32 futex_operation;		/* second argument of futex(2) */
	__u32 futex_words[4];
	__u32 reserved;
	char owner_comm[VMON_COMM_LEN];
};

/* One process: of a task of the dump, or an ancestor of one. */
struct vmon_process {
	struct vmon_record record;
	__u64 start_time_ns;		/* CLOCK_BOOTTIME */
	__u32 pid;
	__u32 parent_pid;		/* 0: none */
	char comm[VMON_COMM_LEN];
	__u32 command_line_bytes;	/* follow, arguments end in NUL as in /proc */
	__u32 reserved;
};

/* Bits of vmon_mappings.flags. */
enum vmon_mappings_flags {
	VMON_MAPPINGS_BUSY = 1,		/* the mmap lock was taken: none could be read */
	VMON_MAPPINGS_TRUNCATED = 2,	/* more than the module records, or the dump was out of time */
};

/*
 * The executable mappings of an address space, in ascending order; a long list
 * is spread over several records. Each struct vmon_mapping is followed by
 * its path, padded to 8 bytes.
 */
struct vmon_mappings {
	struct vmon_record record;
	__u64 address_space;		/* number within the dump, from 1 */
	__u32 tgid;			/* a process that uses it */
	__u32 flags;			/* enum vmon_mappings_flags */
	__u32 count;
	__u32 reserved;
};

struct vmon_mapping {
	__u64 start;
	__u64 end;			/* first address behind it */
	__u64 offset;			/* in the file, bytes */
	__u64 inode;			/* 0: no file */
	__u32 device_major;
	__u32 device_minor;
	__u8 build_id[VMON_BUILD_ID_MAX];	/* read from the process's memory */
	__u8 build_id_bytes;		/* 0: none was found */
	__u8 reserved0;
	__u16 path_bytes;		/* as in /proc/PID/maps, without NUL or escapes */
};

/* Closes a dump with its totals. */
struct vmon_dump_end {
	struct vmon_record record;
	__u64 first_capture_ns;		/* CLOCK_MONOTONIC; a hit's delay is from its tick_ns */
	__u64 last_capture_ns;		/* 0: no task was captured */
	__u64 duration_ns;
	__u32 tasks_seen;		/* looked at */
	__u32 tasks_captured;
	__u32 skipped_limit;		/* selected, but past max_tasks */
	__u32 skipped_time;		/* … past max_dump_ms */
	__u32 skipped_exited;		/* … gone before their turn */
	__u32 skipped_full;		/* … captured, but the buffer was full */
};

/*
 * Records did not fit into the buffer. A dump whose begin does not fit is lost as a whole:
 * its begin and what caused it are counted, and no task is captured.
 */
struct vmon_lost {
	struct vmon_record record;
	__u64 count;
	__u64 first_sequence;
	__u64 last_sequence;
};

enum vmon_watch_end_reason {
	VMON_END_UNMAPPED = 1,		/* nothing readable is mapped there any more */
	VMON_END_EXITED = 2,		/* the address space is gone: exit or exec */
	VMON_END_NO_MEMORY = 3,		/* the new page could not be pinned */
};

/* A watch ended though its session did not ask for it. */
struct vmon_watch_end {
	struct vmon_record record;
	__u64 watch_id;
	__u64 address;
	__u32 pid;
	__u32 reason;			/* enum vmon_watch_end_reason */
	char name[MAX_NAME_LEN + 1];
};

VMON_ASSERT_SIZE(vmon_record, 40);
VMON_ASSERT_SIZE(vmon_dump_begin, 56);
VMON_ASSERT_SIZE(vmon_hit, 160);
VMON_ASSERT_SIZE(vmon_condition, 104);
VMON_ASSERT_SIZE(vmon_sample, 16);
VMON_ASSERT_SIZE(vmon_history, 104);
VMON_ASSERT_SIZE(vmon_hang, 72);
VMON_ASSERT_SIZE(vmon_registers, 168);
VMON_ASSERT_SIZE(vmon_task, 288);
VMON_ASSERT_SIZE(vmon_blocked, 144);
VMON_ASSERT_SIZE(vmon_process, 80);
VMON_ASSERT_SIZE(vmon_mappings, 64);
VMON_ASSERT_SIZE(vmon_mapping, 64);
VMON_ASSERT_SIZE(vmon_dump_end, 88);
VMON_ASSERT_SIZE(vmon_lost, 64);
VMON_ASSERT_SIZE(vmon_watch_end, 80);

#endif /* VMON_RECORDS_H */
