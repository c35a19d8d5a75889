/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching for more than a threshold, and asking about watches that run; monitor_user.h
 * includes this.
 *
 *     START_WATCH_OUTSIDE("load", &load, 0.1, 0.9);
 *     START_WATCH_UNCHANGED("heartbeat", &heartbeat, 50 * 1000 * 1000);
 *
 * The type follows from the pointer: any integer but bool, float or double; a pointer to
 * anything else does not compile. A WATCH_… macro is the condition itself, for what has no macro:
 *
 *     struct vmon_watch_condition condition = WATCH_ABOVE("temp", &temp, 150);
 *
 *     condition.ticks = 3;                     // in a row
 *     condition.history = 100;                 // samples in the dump
 *     condition.watch.interval_ns = 20000;
 *     if (start_watch_condition(&condition))
 *             fprintf(stderr, "%s\n", monitor_strerror(errno));
 *     // condition.watch.id is the watch's number
 *
 * struct vmon_watch_condition in variable_monitor.h says what each field may be. Like
 * those of monitor_user.h, functions return 0, or -1 with errno.
 */
#ifndef MONITOR_CONDITION_H
#define MONITOR_CONDITION_H

#ifndef MONITOR_USER_H
#error "include monitor_user.h, which includes this"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Starts a watch, and fills in condition->watch.id. */
static inline int start_watch_condition(struct vmon_watch_condition *condition)
{
	int result;

	pthread_once(&monitor_once, monitor_make_fork_safe);
	monitor_acquire();
	result = monitor_request(NULL, condition);
	monitor_release();
	return monitor_result(result);
}

/* Calls about watches that were started before; ENOENT without a session of this process. */
enum monitor_call { MONITOR_CANCEL, MONITOR_CHANGE, MONITOR_STATE, MONITOR_LIST };

static inline int monitor_ask(enum monitor_call call, void *argument)
{
	struct vmon_watch_list *list = (struct vmon_watch_list *)argument;
	int result = -ENOENT;

	monitor_acquire();
	if (monitor_device >= 0) {
		switch (call) {
		case MONITOR_CANCEL:
			result = vmon_ioctl_cancel(monitor_device, *(const __u64 *)argument);
			break;
		case MONITOR_CHANGE:
			result = vmon_ioctl_change(monitor_device, (struct vmon_change *)argument);
			break;
		case MONITOR_STATE:
			result = vmon_ioctl_state(monitor_device, (struct vmon_watch_state *)argument);
			break;
		case MONITOR_LIST:
			result = vmon_ioctl_list(monitor_device, (__u64 *)(unsigned long)list->ids,
						 list->capacity, &list->count);
			break;
		}
		if (monitor_forget(result, 0))
			result = -ENOENT;
	}
	monitor_release();
	return result;
}

/* Ends one watch; ENOENT if it ended already. */
static inline int cancel_one_watch(__u64 id)
{
	return monitor_result(monitor_ask(MONITOR_CANCEL, &id));
}

/*
 * Gives a watch the threshold, high and rearm of a condition with its id, between two ticks: change
 * them in what start_watch_condition() filled in. The rest stays as it was started.
 */
static inline int change_watch(const struct vmon_watch_condition *condition)
{
	struct vmon_change change;

	memset(&change, 0, sizeof(change));
	change.id = condition->watch.id;
	change.threshold = condition->watch.threshold;
	change.high = condition->high;
	change.rearm = condition->rearm;
	return monitor_result(monitor_ask(MONITOR_CHANGE, &change));
}

/* Tells how a watch is. */
static inline int watch_state(__u64 id, struct vmon_watch_state *state)
{
	memset(state, 0, sizeof(*state));
	state->id = id;
	return monitor_result(monitor_ask(MONITOR_STATE, state));
}

/*
 * Writes the ids of this process's watches, the oldest first, and not more than there is room for.
 * Returns how many watches there are, or -1 with errno.
 */
static inline int list_watches(__u64 *ids, unsigned int capacity)
{
	struct vmon_watch_list list = { (__u64)(unsigned long)ids, capacity, 0 };
	int result = monitor_ask(MONITOR_LIST, &list);

	if (result == -ENOENT)
		return 0;
	return result < 0 ? monitor_result(result) : (int)list.count;
}

/* What the macros call. A name that is too long is left without its NUL, which the module refuses. */
static inline struct vmon_watch_condition monitor_condition(const char *name,
							    const volatile void *variable,
							    size_t length, unsigned int flags,
							    enum vmon_comparison comparison,
							    __u64 threshold, __u64 high)
{
	struct vmon_watch_condition condition;
	size_t bytes = strlen(name);

	memset(&condition, 0, sizeof(condition));
	condition.watch.address = (__u64)(unsigned long)variable;
	condition.watch.length = (__u8)length;
	condition.watch.flags = (__u8)flags;
	condition.watch.comparison = (__u8)comparison;
	condition.watch.threshold = threshold;
	condition.high = high;
	memcpy(condition.watch.name, name,
	       bytes < sizeof(condition.watch.name) ? bytes : sizeof(condition.watch.name));
	return condition;
}

static inline struct vmon_watch_condition monitor_with_rearm(struct vmon_watch_condition condition,
							     __u64 rearm)
{
	condition.watch.flags = (__u8)(condition.watch.flags | VMON_WATCH_REARM);
	condition.rearm = rearm;
	return condition;
}

static inline int monitor_start_condition(struct vmon_watch_condition condition)
{
	return start_watch_condition(&condition);
}

/* A mask of a signed type with its top bit set has been extended: of that, the variable's own bits. */
static inline __u64 monitor_mask(__u64 mask, size_t length)
{
	__u64 bits = ~(__u64)0 >> (64 - 8 * length);

	return (mask | bits >> 1) == ~(__u64)0 ? mask & bits : mask;
}

/* The bits of reals, as the module has them. */
static inline __u64 monitor_float_bits(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline __u64 monitor_double_bits(double value)
{
	__u64 bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

#ifdef __cplusplus
}
#endif

/*
 * Of the variable that v points to: its kind, a value as its type has it, and one that has no
 * sign even if its type has (a step, or bits; of reals a step is one of them).
 */
#ifdef __cplusplus
#include <type_traits>

template <typename Type> struct monitor_plain {
	using type = Type;
};
template <typename Type> struct monitor_plain<std::atomic<Type>> {
	using type = Type;
};
template <typename Pointer>
using monitor_type = typename monitor_plain<
	std::remove_cv_t<std::remove_pointer_t<std::decay_t<Pointer>>>>::type;

template <typename Type> constexpr unsigned int monitor_flags()
{
	static_assert((std::is_integral_v<Type> && !std::is_same_v<Type, bool> && sizeof(Type) <= 8) ||
		      std::is_same_v<Type, float> || std::is_same_v<Type, double>,
		      "a variable of this type cannot be watched");
	return std::is_floating_point_v<Type> ? VMON_WATCH_FLOAT
	       : std::is_unsigned_v<Type>     ? VMON_WATCH_UNSIGNED
					      : 0;
}

template <typename Type, typename Value> __u64 monitor_bits(Value value)
{
	if constexpr (std::is_same_v<Type, float>)
		return monitor_float_bits(static_cast<float>(value));
	else if constexpr (std::is_same_v<Type, double>)
		return monitor_double_bits(static_cast<double>(value));
	else
		return static_cast<__u64>(static_cast<long long>(value));
}

#define MONITOR_FLAGS(v) monitor_flags<monitor_type<decltype(v)>>()
#define MONITOR_PLACE(v) monitor_pointer<monitor_type<decltype(v)>>(v)
#define MONITOR_BITS(v, value) monitor_bits<monitor_type<decltype(v)>>(value)
#else
#define MONITOR_FLAGS(v)                                                                  \
	_Generic(*(v), char: (char)-1 > (char)0 ? VMON_WATCH_UNSIGNED : 0,                \
		signed char: 0, short: 0, int: 0, long: 0, long long: 0,                  \
		unsigned char: VMON_WATCH_UNSIGNED, unsigned short: VMON_WATCH_UNSIGNED,  \
		unsigned int: VMON_WATCH_UNSIGNED, unsigned long: VMON_WATCH_UNSIGNED,    \
		unsigned long long: VMON_WATCH_UNSIGNED,                                  \
		float: VMON_WATCH_FLOAT, double: VMON_WATCH_FLOAT)
#define MONITOR_PLACE(v) (v)
#define MONITOR_BITS(v, value)                                                            \
	_Generic(*(v), float: monitor_float_bits((float)(value)),                         \
		double: monitor_double_bits((double)(value)),                             \
		default: (__u64)(long long)(value))
#endif

#define MONITOR_CONDITION(n, v, comparison, threshold, high)                              \
	monitor_condition(n, MONITOR_PLACE(v), sizeof(*(v)), MONITOR_FLAGS(v), comparison, \
			  threshold, high)

/* Compared with constants; beyond the threshold, until rearm once the value came back to that. */
#define WATCH_ABOVE(n, v, t) MONITOR_CONDITION(n, v, VMON_GREATER, MONITOR_BITS(v, t), 0)
#define WATCH_BELOW(n, v, t) MONITOR_CONDITION(n, v, VMON_LESS, MONITOR_BITS(v, t), 0)
#define WATCH_ABOVE_REARM(n, v, t, rearm) monitor_with_rearm(WATCH_ABOVE(n, v, t), MONITOR_BITS(v, rearm))
#define WATCH_BELOW_REARM(n, v, t, rearm) monitor_with_rearm(WATCH_BELOW(n, v, t), MONITOR_BITS(v, rearm))
#define WATCH_EQUAL(n, v, t) MONITOR_CONDITION(n, v, VMON_EQUAL, MONITOR_BITS(v, t), 0)
#define WATCH_NOT_EQUAL(n, v, t) MONITOR_CONDITION(n, v, VMON_NOT_EQUAL, MONITOR_BITS(v, t), 0)
#define WATCH_OUTSIDE(n, v, low, high) \
	MONITOR_CONDITION(n, v, VMON_OUTSIDE, MONITOR_BITS(v, low), MONITOR_BITS(v, high))

/* Compared with the tick before: another value, one more than a step away, the same for ns. */
#define WATCH_CHANGED(n, v) MONITOR_CONDITION(n, v, VMON_CHANGED, 0, 0)
#define WATCH_CHANGED_BY(n, v, step) MONITOR_CONDITION(n, v, VMON_CHANGED_BY, MONITOR_BITS(v, step), 0)
#define WATCH_UNCHANGED(n, v, ns) MONITOR_CONDITION(n, v, VMON_UNCHANGED, (__u64)(ns), 0)

/* At least one, or all, of the mask's bits are set. Give a mask no more bits than the variable has. */
#define WATCH_BITS_ANY(n, v, mask) MONITOR_CONDITION(n, v, VMON_BITS_ANY, MONITOR_MASK(v, mask), 0)
#define WATCH_BITS_ALL(n, v, mask) MONITOR_CONDITION(n, v, VMON_BITS_ALL, MONITOR_MASK(v, mask), 0)
#define MONITOR_MASK(v, mask) monitor_mask((__u64)(mask), sizeof(*(v)))

/* The same, started at the default interval. */
#define START_WATCH_ABOVE(n, v, t) monitor_start_condition(WATCH_ABOVE(n, v, t))
#define START_WATCH_BELOW(n, v, t) monitor_start_condition(WATCH_BELOW(n, v, t))
#define START_WATCH_ABOVE_REARM(n, v, t, rearm) monitor_start_condition(WATCH_ABOVE_REARM(n, v, t, rearm))
#define START_WATCH_BELOW_REARM(n, v, t, rearm) monitor_start_condition(WATCH_BELOW_REARM(n, v, t, rearm))
#define START_WATCH_EQUAL(n, v, t) monitor_start_condition(WATCH_EQUAL(n, v, t))
#define START_WATCH_NOT_EQUAL(n, v, t) monitor_start_condition(WATCH_NOT_EQUAL(n, v, t))
#define START_WATCH_OUTSIDE(n, v, low, high) monitor_start_condition(WATCH_OUTSIDE(n, v, low, high))
#define START_WATCH_CHANGED(n, v) monitor_start_condition(WATCH_CHANGED(n, v))
#define START_WATCH_CHANGED_BY(n, v, step) monitor_start_condition(WATCH_CHANGED_BY(n, v, step))
#define START_WATCH_UNCHANGED(n, v, ns) monitor_start_condition(WATCH_UNCHANGED(n, v, ns))
#define START_WATCH_BITS_ANY(n, v, mask) monitor_start_condition(WATCH_BITS_ANY(n, v, mask))
#define START_WATCH_BITS_ALL(n, v, mask) monitor_start_condition(WATCH_BITS_ALL(n, v, mask))

#endif /* MONITOR_CONDITION_H */
