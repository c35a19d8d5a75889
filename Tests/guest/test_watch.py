# SPDX-License-Identifier: Apache-2.0
"""When a watch hits, when it does not, and what its hit says."""

import itertools
import os
import re
import time

import pytest

import abi
from eventually import SLOWNESS, eventually
from subjects import PAGE, Child, Variable, assign_own, create_own, start, start_spinner, watch_own

MILLISECOND = 1_000_000
# Dumps follow one another at once, and a watch that has hit stays mute.
AT_ONCE = pytest.mark.module(dump_gap_ms=0)
NEVER_AGAIN = 86400


def hits(records):
    return [record for record in records if record.type == abi.HIT]


class Reader:
    """Collects the records of a session while a test waits for some of them."""

    def __init__(self, session):
        self.session, self.records = session, []

    def read(self):
        self.records += self.session.records()
        return self.records

    def hits(self):
        return hits(self.read())

    def wait_for_hits(self, count):
        eventually(lambda: len(self.hits()) >= count, f"{count} hits")
        return self.hits()


@pytest.fixture
def reader(session):
    return Reader(session)


def test_the_threshold_itself_never_hits_and_one_more_does(module, session, reader):
    variable = Variable(150)
    session.watch(variable, 150)
    module.wait_for_ticks(50)
    assert module.status()["hits"] == 0
    variable.value = 151
    [hit] = reader.wait_for_hits(1)
    assert (hit.value, hit.threshold) == (151, 150)


@AT_ONCE
def test_a_watch_hits_again_after_the_reset_time_and_not_before(module, session, reader):
    module.set_knob("dump_reset_sec", 1)
    variable = Variable(151)
    session.watch(variable, 150)
    first, second = reader.wait_for_hits(2)[:2]
    end = next(record for record in reader.records if record.type == abi.DUMP_END)
    assert first.dump_id == end.dump_id < second.dump_id
    # The kernel counts the second in ticks of its own, up to 10 ms each.
    assert second.tick_ns - end.time_ns > 980 * MILLISECOND


@AT_ONCE
def test_other_processes_of_the_timer_group_hit_while_a_watch_is_muted(module, reader):
    module.set_knob("dump_reset_sec", NEVER_AGAIN)
    one, other = Child(), Child()
    one.run(watch_own, 150)
    other.run(watch_own, 150)
    assert module.status()["groups"] == 1
    one.run(assign_own, 151)
    reader.wait_for_hits(1)
    other.run(assign_own, 152)
    found = reader.wait_for_hits(2)
    module.wait_for_ticks(50)
    assert [(hit.pid, hit.value) for hit in reader.hits()] == [(one.pid, 151), (other.pid, 152)]
    assert len(found) == 2


def conditions():
    """Each type and direction at its lowest and its highest threshold that a value can cross.

    length, signed, less, threshold, values that are no hits, value that is one
    """
    for length, signed in itertools.product((1, 2, 4, 8), (True, False)):
        low = -2 ** (8 * length - 1) if signed else 0
        high = low + 2 ** (8 * length) - 1
        yield length, signed, False, low, [low, low], low + 1
        yield length, signed, False, high - 1, [high - 1, low], high
        yield length, signed, True, low + 1, [low + 1, high], low
        yield length, signed, True, high, [high, high], high - 1
        if signed:      # where the bits turn from all ones to all zeros
            yield length, signed, False, -1, [-1, low], 0
            yield length, signed, True, 0, [0, high], -1


CONDITIONS = list(conditions())


@AT_ONCE
def test_every_width_and_sign_hits_beyond_its_threshold_up_to_the_extremes(module, session, reader):
    variables = {}
    for length, signed, less, threshold, misses, value in CONDITIONS:
        variable = Variable(misses[0], length, signed)
        variables[session.watch(variable, threshold, less=less)] = variable
    for place in range(2):
        for variable, condition in zip(variables.values(), CONDITIONS):
            variable.value = condition[4][place]
        module.wait_for_ticks(50)
        assert reader.hits() == []
    for variable, condition in zip(variables.values(), CONDITIONS):
        variable.value = condition[5]
    found = {hit.watch_id: hit for hit in reader.wait_for_hits(len(CONDITIONS))}
    for identifier, (length, signed, less, threshold, _, value) in zip(variables, CONDITIONS):
        hit = found[identifier]
        assert (hit.length, hit.flags, hit.comparison) == (length, 0 if signed else abi.UNSIGNED, int(less))
        assert (hit.value, hit.threshold) == (value % 2**64, threshold % 2**64)


@AT_ONCE
def test_thresholds_that_no_value_can_cross_never_hit(module, session, reader):
    session.watch(at_most := Variable(2**63 - 1), 2**63 - 1)
    session.watch(at_least := Variable(-2**63), -2**63, less=True)
    session.watch(unsigned := Variable(0, signed=False), 0, less=True)
    # The same group compares this one at the same tick.
    session.watch(control := Variable(), 150)
    module.wait_for_ticks(50)
    control.value = 151
    [hit] = reader.wait_for_hits(1)
    assert hit.address == control.address
    assert (at_most.value, at_least.value, unsigned.value) == (2**63 - 1, -2**63, 0)


@AT_ONCE
@pytest.mark.parametrize("length", [2, 4, 8])
def test_a_variable_may_lie_anywhere_in_its_cache_line(module, session, reader, length):
    """At each unaligned place, every time in a line of its own, among bytes of ones."""
    page = Variable()
    page.memory[:] = b"\xff" * PAGE
    places = [place for place in range(64 - length + 1) if place % length]
    variables = {}
    for line, place in enumerate(places):
        variable = Variable(150, length, signed=False, offset=64 * line + place, page_of=page)
        variables[session.watch(variable, 150)] = variable
    module.wait_for_ticks(50)
    assert reader.hits() == []
    for number, variable in enumerate(variables.values()):
        variable.value = 151 + number
    found = {hit.watch_id: (hit.address, hit.value) for hit in reader.wait_for_hits(len(places))}
    assert found == {identifier: (variable.address, variable.value) for identifier, variable in variables.items()}


def test_neighbouring_bytes_do_not_matter(module, session, reader):
    page = Variable()
    page.memory[:64] = b"\xff" * 64
    variable = Variable(0, length=2, signed=False, offset=31, page_of=page)
    session.watch(variable, 0)
    module.wait_for_ticks(50)
    assert reader.hits() == []
    variable.value = 0x100
    [hit] = reader.wait_for_hits(1)
    assert (hit.value, hit.address) == (0x100, variable.address)


def test_a_hit_tells_what_was_watched_and_when_it_was_seen(module, session, reader):
    child = Child()
    address = child.run(create_own, length=4)
    identifier = child.run(watch_own, -7, name="fifteen bytes..", less=True, interval_ns=2_500_000)
    before = time.monotonic_ns(), time.time_ns()
    child.run(assign_own, -8)
    [hit] = reader.wait_for_hits(1)
    after = time.monotonic_ns(), time.time_ns()
    assert (hit.watch_id, hit.address, hit.pid) == (identifier, address, child.pid)
    assert (hit.name, hit.interval_ns) == ("fifteen bytes..", 2_500_000)
    assert before[0] < hit.tick_ns < after[0]
    assert before[1] < hit.tick_realtime_ns < after[1]
    assert hit.tick_ns <= hit.time_ns
    assert hit.tick_cpu in (0, 1)
    assert (hit.running_pid == 0) == hit.running_comm.startswith("swapper/")


@AT_ONCE
def test_a_hit_tells_what_its_tick_interrupted(module, session, reader):
    module.set_knob("dump_reset_sec", 0)
    spinners = [start_spinner() for _ in range(os.cpu_count())]
    begin, end = (int(word, 16) for word in spinners[0].first_line.split())
    # Long enough for the dump before to be over and read, and the spinners to have the CPUs again.
    session.watch(Variable(151), 150, interval_ns=1000 * MILLISECOND * SLOWNESS)
    hit = eventually(lambda: next((hit for hit in reader.hits() if begin <= hit.running_ip < end), None),
                     "a hit whose tick interrupted the spinning function")
    assert hit.running_pid in [spinner.pid for spinner in spinners]
    assert hit.running_comm == "spin"


def test_the_interval_of_0_is_the_default_of_the_moment(module, session, reader):
    one, other = Variable(), Variable()
    session.watch(one, 150, interval_ns=0)
    module.set_knob("def_interval_ns", 5_000_000)
    session.watch(other, 150, interval_ns=0)
    assert module.status()["groups"] == 2
    one.value = other.value = 151
    intervals = {hit.address: hit.interval_ns for hit in reader.wait_for_hits(2)}
    assert intervals == {one.address: 10_000, other.address: 5_000_000}


@AT_ONCE
def test_hits_of_one_tick_are_in_one_dump(module, session, reader):
    page = Variable()
    variables = [Variable(offset=8 * place, page_of=page) for place in range(32)]
    for variable in variables:
        session.watch(variable, 0, interval_ns=1000 * MILLISECOND)
    assert module.status()["groups"] == 1
    # Right after a tick, so that the next one sees all 32.
    before = module.status()["ticks"]
    eventually(lambda: module.status()["ticks"] > before, "a tick")
    page.memory[:256] = b"\1" * 256
    found = reader.wait_for_hits(32)
    assert sorted(hit.address for hit in found) == [variable.address for variable in variables]
    assert len({hit.tick_ns for hit in found}) == 1
    begin = next(record for record in reader.records if record.type == abi.DUMP_BEGIN)
    assert (begin.hits, begin.reason) == (32, abi.HIT_REASON)


@AT_ONCE
@pytest.mark.parametrize("name", ["helloworld", "helloworld-c"])
def test_helloworld_watches_2049_variables_and_all_of_them_hit(module, reader, name):
    module.set_knob("dump_reset_sec", NEVER_AGAIN)
    process = start(name, "5")
    assert "2049" in process.first_line.replace(",", "")
    status = module.status()
    assert (status["watches"], status["groups"]) == (2049, 65)
    found = reader.wait_for_hits(2049)
    assert len({hit.watch_id for hit in found}) == 2049
    assert {hit.name: hit.value for hit in found} == {f"temp{i}": 151 + i for i in range(2049)}
    assert process.wait() == 0
    assert process.stdout.read().splitlines()[-1] == "cancelled"
    status = module.status()
    assert (status["watches"], status["groups"], status["hits"]) == (0, 0, 2049)


# ---- the kernel log ----


def block_of(lines):
    """The lines of the log's one block; ticks of a slow machine may be throttled meanwhile."""
    lines = [line for line in lines if not line.startswith("variable_monitor: ticks need more")]
    rules = [place for place, line in enumerate(lines) if line == "-" * 37]
    assert len(rules) == 2
    return lines[rules[0]:rules[1] + 1]


def test_the_kernel_log_names_the_hit_in_the_fixed_block(module, session, reader, kernel_log):
    variable = Variable(200, length=4)
    session.watch(variable, 150, name="temp0")
    [hit] = reader.wait_for_hits(1)
    module.wait_for_dumps(1)
    block = block_of(kernel_log.read())
    assert block[1] == "-----------variable monitor----------"
    assert block[2] == f"超出阈值:{hit.tick_realtime_ns}"
    assert re.fullmatch(rf": pid: {hit.pid}, name: temp0, ptr: [0-9a-f]{{16}}, threshold:150", block[3])
    assert len(block) == 5
    assert f"{variable.address:016x}" not in block[3], "an address in the log must be hashed"


@pytest.mark.parametrize("signed, threshold", [(True, -5), (False, 2**64 - 2)])
def test_the_kernel_log_prints_the_threshold_with_its_sign(module, session, reader, kernel_log, signed, threshold):
    session.watch(Variable(threshold + 1, signed=signed), threshold)
    reader.wait_for_hits(1)
    module.wait_for_dumps(1)
    assert block_of(kernel_log.read())[3].endswith(f", threshold:{threshold}")


def test_a_name_cannot_forge_lines_of_the_kernel_log(module, session, reader, kernel_log):
    session.watch(Variable(151), 150, name="a\n: pid: 1, na")
    reader.wait_for_hits(1)
    module.wait_for_dumps(1)
    block = block_of(kernel_log.read())
    assert len(block) == 5
    assert "name: a\\n: pid: 1, na, ptr" in block[3]


@pytest.mark.module(dump_gap_ms=3000)
def test_the_kernel_log_names_32_hits_of_a_dump_and_counts_the_rest(module, session, kernel_log):
    session.dump()      # what hits now waits for the next dump, all of it
    variable = Variable(151)
    for number in range(35):
        session.watch(variable, 150, name=f"temp{number}")
    module.wait_for_dumps(2)
    block = block_of(kernel_log.read())
    assert len({line for line in block if line.startswith(": pid: ")}) == 32
    assert block[-2] == ": and 3 more"
    assert len(block) == 3 + 32 + 1 + 1


@AT_ONCE
def test_the_kernel_log_has_whole_blocks_and_30_of_them_a_minute(module, session, kernel_log):
    variable = Variable(151)
    for number in range(33):
        session.watch(variable, 150)
        module.wait_for_dumps(number + 1)
    lines = kernel_log.read()
    assert lines.count("-" * 37) == 2 * 30
    assert len([line for line in lines if line.startswith(": pid: ")]) == 30
