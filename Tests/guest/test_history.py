# SPDX-License-Identifier: Apache-2.0
"""The samples that a watch keeps, and how they come into a dump."""

import itertools
import os
import resource

import pytest

import abi
from abi import outcome
from conditions import MILLISECOND, Real, real, wait_for_samples
from dumps import check_self_contained, check_sequence, dumps_of
from eventually import eventually
from memory import MADV_DONTNEED, Place, advise, peek, unmap
from subjects import PAGE, Child, Variable, become_nobody, create_own

pytestmark = pytest.mark.module(dump_gap_ms=0, user_stack_bytes=0)
NEVER_AGAIN = 86400
SAMPLE_BYTES = 16


def history_of(dump, identifier):
    """The dump's one history of a watch, in which time goes on."""
    [history] = [history for history in dump.histories if history.watch_id == identifier]
    times = [time_ns for time_ns, _ in history.samples]
    assert all(before < after for before, after in zip(times, times[1:]))
    assert history.count == len(history.samples) <= abi.HISTORY_MAX
    return history


def dump_with_hit(module, session, count=1):
    module.wait_for_dumps(count)
    records = session.records()
    check_sequence(records)
    return dumps_of(records)[-1]


@pytest.mark.parametrize("samples", [1, 2, 7, 100, abi.HISTORY_MAX])
def test_a_hit_comes_with_the_last_samples_and_its_own_is_the_last(module, session, samples):
    variable = Variable(100, length=4)
    identifier = session.watch_condition(variable, abi.GREATER, 150, history=samples, interval_ns=100_000)
    wait_for_samples(session, identifier, samples + 1)
    variable.value = 151
    dump = dump_with_hit(module, session)
    check_self_contained(dump)
    [hit], history = dump.hits, history_of(dump, identifier)
    assert history.count == samples
    assert history.samples_before > 0
    assert history.samples[-1] == (hit.tick_ns, 151)
    assert {value for _, value in history.samples[:-1]} <= {100}
    assert (history.address, history.pid, history.name, history.interval_ns) == (
        variable.address, os.getpid(), "temp", 100_000)
    assert (history.length, history.comparison, history.flags) == (4, abi.GREATER, 0)


def test_a_history_shows_what_the_process_held_in_its_order(module, session):
    variable = Variable(0, length=2)
    # So slowly that the debug kernel, too, is done before the first samples are gone.
    identifier = session.watch_condition(variable, abi.EQUAL, 500, history=abi.HISTORY_MAX,
                                         interval_ns=10 * MILLISECOND)
    steps = [0, 1, -3, 32767, -32768, 7]
    for step in steps:
        variable.value = step
        module.wait_for_ticks(20)
    variable.value = 500
    history = history_of(dump_with_hit(module, session), identifier)
    runs = [value for value, _ in itertools.groupby(value for _, value in history.samples)]
    assert runs == [step & 2**64 - 1 for step in [*steps, 500]]
    assert history.samples_before == 0


def test_a_history_is_as_old_as_its_watch_at_most(module, session):
    identifier = session.watch_condition(Variable(151), abi.GREATER, 150, history=100)
    dump = dump_with_hit(module, session)
    history = history_of(dump, identifier)
    assert (history.count, history.samples_before) == (1, 0)
    assert history.samples == [(dump.hits[0].tick_ns, 151)]


def test_a_dump_has_the_histories_of_the_process_and_of_no_other(module, session):
    """And those of watches that did not hit stop where the first one hit."""
    one, still, real_one = Variable(1), Variable(5), Real(0.5)
    hitting = session.watch_condition(one, abi.GREATER, 150, history=64)
    other = session.watch_condition(still, abi.CHANGED, history=64)
    number = session.watch_condition(real_one, abi.GREATER, real(9.0), flags=abi.FLOAT, history=8)
    session.watch_condition(Variable(), abi.GREATER, 150)
    child = Child()
    address = child.run(create_own)
    stranger = session.request_condition(address=address, length=8, threshold=150, pid=child.pid, history=64,
                                         interval_ns=MILLISECOND)
    wait_for_samples(session, stranger, 70)
    one.value = 151
    dump = dump_with_hit(module, session)
    assert {history.watch_id for history in dump.histories} == {hitting, other, number}
    tick_ns = dump.hits[0].tick_ns
    for identifier, count, value in (hitting, 64, 151), (other, 64, 5), (number, 8, real(0.5)):
        history = history_of(dump, identifier)
        assert history.count == count
        # All of one tick, before the hit's and behind it.
        assert history.samples[-1][0] == tick_ns
        assert history.samples[-1][1] == value


def test_a_plain_watch_that_hits_brings_the_histories_of_its_process(module, session):
    identifier = session.watch_condition(Variable(5), abi.CHANGED, history=8)
    variable = Variable(0)
    session.watch(variable, 150)
    wait_for_samples(session, identifier, 10)
    variable.value = 151
    dump = dump_with_hit(module, session)
    assert [record.watch_id for record in dump.histories] == [identifier]
    assert dump.conditions == []


def test_a_dump_for_a_process_that_is_asked_for_has_its_histories(module, session):
    identifier = session.watch_condition(Variable(5), abi.CHANGED, history=8)
    wait_for_samples(session, identifier, 10)
    session.dump()
    session.dump(pid=os.getpid())
    without, dump = dumps_of(session.records())
    assert without.histories == []
    # Nothing hit, so ticks write on, and those that come while it is read take the oldest samples.
    assert 0 < history_of(dump, identifier).count <= 8


@pytest.mark.module(dump_gap_ms=2000, user_stack_bytes=0)
def test_a_history_stands_still_from_the_hit_until_its_dump(module, session):
    session.dump()          # the next one is two seconds away
    variable = Variable(1)
    identifier = session.watch_condition(variable, abi.GREATER, 150, history=32)
    wait_for_samples(session, identifier, 40)
    variable.value = 151
    module.wait_for_status(hits=1)
    variable.value = 2
    module.wait_for_dumps(2)
    dump = dumps_of(session.records())[-1]
    [hit], history = dump.hits, history_of(dump, identifier)
    assert dump.begin.time_ns - hit.tick_ns > 100 * MILLISECOND
    assert history.samples[-1] == (hit.tick_ns, 151)
    assert history.count == 32


def test_a_history_goes_on_after_its_dump(module, session):
    module.set_knob("dump_reset_sec", 0)
    variable = Variable(1)
    identifier = session.watch_condition(variable, abi.GREATER, 150, history=8, flags=abi.REARM, rearm=10)
    for count in 1, 2:
        eventually(lambda: not session.state(identifier).flags, "an armed watch")
        variable.value = 150 + count
        dump = dump_with_hit(module, session, count)
        assert history_of(dump, identifier).samples[-1] == (dump.hits[0].tick_ns, 150 + count)
        variable.value = 2


def test_a_history_that_ticks_write_meanwhile_is_whole(module, session):
    """Requests read it while it goes on: each is a run of ticks without a hole, its values in order."""
    variable = Variable(0)
    identifier = session.watch_condition(variable, abi.LESS, 0, history=512, interval_ns=20_000)
    last = 0
    for value in range(1, 30):
        variable.value = value
        module.wait_for_ticks(1)
        session.dump(pid=os.getpid())
        [dump] = dumps_of(session.records())
        history = history_of(dump, identifier)
        values = [value for _, value in history.samples]
        assert values == sorted(values) and values[-1] in (value, value - 1)
        assert history.samples_before + history.count >= last
        last = history.samples_before + history.count
        session.release(dump.end.sequence)
    assert last > 512


def test_a_watch_that_ended_after_its_hit_has_its_history_in_the_dump(module, session):
    module.set_knob("dump_reset_sec", NEVER_AGAIN)
    place = Place()
    place.value = 151
    identifier = session.watch_condition(place, abi.GREATER, 150, history=8)
    module.wait_for_status(hits=1)
    unmap(place.address)
    module.wait_for_dumps(1)
    module.wait_for_status(watches=0)
    [dump] = dumps_of(session.records())[:1]
    assert history_of(dump, identifier).samples[-1] == (dump.hits[0].tick_ns, 151)


def test_ticks_that_cannot_read_leave_no_samples(module, session):
    place = Place()
    place.value = 5
    identifier = session.watch_condition(place, abi.GREATER, 150, history=abi.HISTORY_MAX)
    for _ in range(10):
        advise(place.address, MADV_DONTNEED)
        assert peek(place.address) == 0
        place.value = 5
        module.wait_for_ticks(20)
    place.value = 151
    history = history_of(dump_with_hit(module, session), identifier)
    assert {value for _, value in history.samples} <= {0, 5, 151}


# ---- memory ----


def start_histories(limit, samples):
    """As nobody, with so many bytes to lock: how many of 4 sessions' histories fit, and the first errno."""
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
    become_nobody()
    started, sessions = 0, []
    for _ in range(4):
        session = abi.Session(os.O_WRONLY)
        sessions.append(session)
        for _ in range(4):
            error = outcome(session.watch_condition, Variable(), abi.CHANGED, history=samples)
            if error != "success":
                return started, error
            started += 1
    return started, None


def test_a_user_s_histories_count_against_what_it_may_lock(module):
    os.chmod(abi.DEVICE, 0o622)
    # 255 samples and the one that is being written fit into two pages with the header.
    assert Child().run(start_histories, 13 * PAGE, 255) == (6, "ENOMEM")


def start_and_cancel(limit, samples):
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
    become_nobody()
    session = abi.Session(os.O_WRONLY)
    found = []
    for _ in range(20):
        found.append(outcome(session.watch_condition, Variable(), abi.CHANGED, history=samples))
        session.cancel_all()
    return set(found)


def test_memory_of_a_history_is_given_back_with_its_watch(module):
    os.chmod(abi.DEVICE, 0o622)
    size = -(-(SAMPLE_BYTES * (abi.HISTORY_MAX + 1) + 64) // PAGE) * PAGE
    assert Child().run(start_and_cancel, size + PAGE, abi.HISTORY_MAX) == {"success"}
    assert Child().run(start_and_cancel, size - PAGE, abi.HISTORY_MAX) == {"ENOMEM"}
    assert module.status()["watches"] == 0


def start_again_after_a_hit(limit, samples):
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
    session, variable = abi.Session(os.O_WRONLY), Variable(151)
    become_nobody()
    identifier = session.watch_condition(variable, abi.GREATER, 150, history=samples)
    eventually(lambda: session.state(identifier).flags == abi.MUTED, "a hit")
    session.cancel_all()
    eventually(lambda: outcome(session.watch_condition, variable, abi.CHANGED, history=samples) == "success",
               "memory for another history")


def test_memory_of_a_history_does_not_wait_for_the_end_of_a_mute(module):
    module.set_knob("dump_reset_sec", NEVER_AGAIN)
    size = -(-(SAMPLE_BYTES * (abi.HISTORY_MAX + 1) + 64) // PAGE) * PAGE
    Child().run(start_again_after_a_hit, size + PAGE, abi.HISTORY_MAX)


@pytest.mark.module(dump_gap_ms=0, user_stack_bytes=0, buffer_bytes=262144)
def test_histories_that_find_the_buffer_full_are_lost_and_counted(module, session):
    variable = Variable(1)
    for _ in range(8):
        identifier = session.watch_condition(variable, abi.GREATER, 150, history=abi.HISTORY_MAX, interval_ns=100_000)
    wait_for_samples(session, identifier, abi.HISTORY_MAX)
    variable.value = 151
    dump = dump_with_hit(module, session)
    assert 0 < len(dump.histories) < 8
    assert dump.end is not None
    assert module.status()["lost_records"] > 0
    # It goes on for the next one, too.
    session.release(dump.end.sequence)
    session.dump(pid=os.getpid())
    assert dumps_of(session.records())[-1].histories
