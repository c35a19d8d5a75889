# SPDX-License-Identifier: Apache-2.0
"""What ticks cost, and what the alternatives take from the same loop."""

from measure import (NS_PER_INSTRUCTION, bpftrace, breakpoint_on, empty_timer, loop, loop_beside, monitor,
                     throttled_monitor, ucli_watch)

LENGTHS = {"1 byte": 1, "2 bytes": 2, "4 bytes": 4, "8 bytes": 8, "all widths": 0}
# Of watches of 8 bytes; the numbers are those of variable_monitor.h.
FLOAT, REARM = 2, 4
CONDITIONS = {
    "above": {},
    "equal": {"comparison": 2},
    "not equal": {"comparison": 3},
    "outside a range": {"comparison": 4},
    "changed": {"comparison": 5},
    "changed by more": {"comparison": 6},
    "not changed for a time": {"comparison": 7},
    "any bit of a mask": {"comparison": 8},
    "all bits of a mask": {"comparison": 9},
    "above, must come back": {"flags": REARM},
    "double above": {"flags": FLOAT},
    "float above": {"flags": FLOAT, "length": 4},
    "double changed by more": {"comparison": 6, "flags": FLOAT},
    "above, 1 sample kept": {"history": 1},
    "above, 4,096 samples kept": {"history": 4096},
}
COUNTS = (1, 8, 32)
INTERVALS = {"10 µs": 10_000, "100 µs": 100_000}
GROUPS, FULL = 128, 32
ROUNDS = 20_000         # 20 ms without interruption
LONG = 100_000
LONGEST = 200_000


def _cost(empty, **arguments):
    """Of groups of 1 watch and more, of one more watch, and of none."""
    with monitor():
        costs = [loop(rounds=ROUNDS, watches=count, interval_ns=100_000, **arguments).median for count in COUNTS]
    slope = (costs[-1] - costs[0]) / (COUNTS[-1] - COUNTS[0])
    return {"costs": costs, "a watch": slope, "fixed": costs[0] - slope * COUNTS[0] - empty}


def whole_interrupts():
    """Instructions of one timer interrupt: of an empty timer, and of groups of watches."""
    with empty_timer(100_000):
        empty = loop(rounds=LONG).median
    return {
        "empty": empty,
        "widths": {name: _cost(empty, length=length) for name, length in LENGTHS.items()},
        "conditions": {name: _cost(empty, **{"length": 8, **arguments}) for name, arguments in CONDITIONS.items()},
    }


def many_groups():
    """One round of 128 full groups: at one interval, and at intervals that share no interrupt.

    Beside them as many empty timers: what the kernel takes for 128 timers, whatever they do.
    """
    interval_ns, apart_ns = 1_700_000, 7_778
    full = {"watches": FULL, "groups": GROUPS, "interval_ns": interval_ns, "rounds": LONG}
    with monitor():
        alone = loop(rounds=LONG, watches=FULL, interval_ns=100_000).median
        together = loop(**full).median
        apart = loop(**full, apart_ns=apart_ns)
    with empty_timer(interval_ns, GROUPS):
        empty = loop(rounds=LONG).median
    time_ns = apart.total * NS_PER_INSTRUCTION
    ticks = sum(time_ns / (interval_ns + group * apart_ns) for group in range(GROUPS))
    return {
        "together": together,
        "128 times one alone": GROUPS * alone,
        "apart": GROUPS * apart.taken / ticks,
        "128 empty timers together": empty,
    }


def overloads():
    """The loop beside ticks that need more than their budget: many at once, and many interrupts."""
    rows = {}
    for groups in (1, GROUPS):
        with throttled_monitor() as module:
            result = loop(rounds=LONG, watches=FULL, groups=groups, interval_ns=1000)
            rows[f"{groups} group{'s' if groups > 1 else ''} of {FULL} watches, 1 µs"] = {
                **_row(result), "share taken": result.share_taken,
                "throttled ticks": module.status()["throttled_ticks"]}
    return rows


def _row(result):
    return {
        "interrupts a second": result.interrupts_per_second,
        "a gap": result.median,
        "slowdown": result.slowdown,
    }


def _bpftrace_row(script, **arguments):
    try:
        return _row(loop_beside(lambda pid, address: bpftrace(script.format(address)), **arguments))
    except RuntimeError as error:
        return {"not available": str(error)}


def slowdowns():
    """The loop beside nothing, beside the module, and beside each alternative."""
    rows = {"nothing": _row(loop(rounds=LONG))}
    for name, interval_ns in INTERVALS.items():
        setting = {"rounds": LONG, "interval_ns": interval_ns}
        with empty_timer(interval_ns):
            rows[f"empty hrtimer, {name}"] = _row(loop(**setting))
        with monitor():
            for watches in (1, FULL):
                rows[f"{watches} watched, {name}"] = _row(loop(**setting, watches=watches))
        for variables in (1, FULL):
            rows[f"thread polls {variables}, {name}"] = _row(loop(**setting, poll=variables))
        script = f"interval:us:{interval_ns // 1000} {{{{ if (*uptr({{}}) > 100) {{{{ @hits++; }}}} }}}}"
        rows[f"bpftrace interval, 1 variable, {name}"] = _bpftrace_row(script, **setting)
    return rows


def watched_from_outside():
    """The loop before `ucli watch` looks at it, and while it does, on the one CPU that both have."""
    setting = {"rounds": LONGEST}
    found = {"before": loop(**setting)}
    with monitor():
        for name, interval_ns in INTERVALS.items():
            every = f"{interval_ns}ns"
            found[f"ucli watch --every {name}"] = loop_beside(
                lambda pid, address, every=every: ucli_watch(pid, address, every), **setting)
    return {name: {**_row(result), "longest gap": result.longest} for name, result in found.items()}


def write_rates():
    """The loop when it writes the variable never, and a million times a second."""
    rows = {}
    for name, write in {"never": 0, "a million a second": 1}.items():
        setting = {"rounds": LONG, "write": write}
        with monitor():
            rows[f"1 watched at 10 µs, written {name}"] = _row(loop(**setting, watches=1))
        rows[f"hardware breakpoint, written {name}"] = _row(loop_beside(breakpoint_on, **setting))
        rows[f"bpftrace watchpoint, written {name}"] = _bpftrace_row(
            "watchpoint:{}:8:w {{ @writes++; }}", **setting)
    return rows
