# SPDX-License-Identifier: Apache-2.0
"""JSON Lines of recordings and profiles: they follow the schema, and all that the input holds is in them."""

import base64
import json
import re
import struct
import subprocess

import jsonschema
import pytest

import abi
from conftest import PROJECT
from recording import Records, recording

SCHEMA = jsonschema.Draft202012Validator(json.loads((PROJECT / "docs/report.schema.json").read_text()))


@pytest.fixture
def report(ucli):
    """The lines of a report, each held against the schema."""
    def report(*arguments, status=0):
        result = ucli("report", "--format", "json", *arguments)
        assert result.returncode == status, result.stderr
        objects = [json.loads(line) for line in result.stdout.splitlines()]
        for item in objects:
            SCHEMA.validate(item)
        assert objects[-1] == {"type": "report_end"}
        return objects

    return report


def of_type(wanted, objects):
    return [item for item in objects if item["type"] == wanted]


# ---- records of dumps ----

# Parts of a record, and what says how long they are or how many there are.
LENGTHS = {"magic", "type", "size", "stack_bytes", "kernel_frames", "cgroup_bytes", "command_line_bytes",
           "build_id_bytes", "path_bytes"}
# Two belong to no dump, a condition belongs to the hit before it; the others count what follows.
WITHOUT = {abi.LOST: {"dump_id"}, abi.WATCH_END: {"dump_id"}, abi.CONDITION: {"dump_id", "watch_id"},
           abi.MAPPINGS: {"count"}, abi.HISTORY: {"count"}}
# Of these every bit means something, and has to be seen under whatever name. So many are used.
BITS = {"flags": 3, "known": 1, "comparison": 4, "kind": 3, "reason": 3, "state": 3}
MORE_BITS = {(abi.TASK, "flags"): 9, (abi.BLOCKED, "flags"): 8, (abi.MAPPINGS, "flags"): 2}
USUAL = {
    abi.HIT: {"flags": abi.UNSIGNED, "length": 8},
    abi.TASK: {"flags": abi.REGISTERS, "kernel_frames": 1, "stack_bytes": 8, "cgroup_bytes": 3, "state": ord("S")},
    abi.PROCESS: {"command_line_bytes": 7},
    abi.MAPPINGS: {"count": 1},
    abi.LOST: {"first_sequence": 7, "last_sequence": 0x7fffffffffffffff},
    abi.CONDITION: {"known": abi.KNOWN_PREVIOUS},
    abi.HISTORY: {"flags": abi.UNSIGNED, "length": 8, "count": 1},
    abi.BLOCKED: {"kind": abi.MUTEX, "flags": 0xff & ~abi.OWNER_EXITED & ~abi.QUEUE_TRUNCATED, "waiters": 0x7fffffff},
}
MAPPED = {"start": 0x1000, "end": 0xffffffffffff0000, "build_id_bytes": 20, "path_bytes": 5}
VALUES = {"B": 0x51, "H": 0x5152, "I": 0x51525354, "i": 0x51525354, "Q": 0x5152535455565758}


def tail(record_type, **mapping):
    """The parts behind a record."""
    return {
        abi.TASK: [struct.pack("=Q", 0xffffffff81000120), b"\1\2\3\4\5\6\7\xff", b"/a\xff"],
        abi.PROCESS: [b"./a\0b c"],
        abi.MAPPINGS: [abi.MAPPING.pack(**{**MAPPED, **mapping}), b"/bin\xff"],
        abi.HISTORY: [abi.SAMPLE.pack(time_ns=0x61626364, value=0x65666768)],
    }.get(record_type, [])


def dump_with(record_type, fields, mapping=()):
    """A recording of a dump with one record of a type."""
    records = Records()
    if record_type == abi.CONDITION:
        records.add(abi.HIT, **USUAL[abi.HIT])
    body = abi.BODIES[record_type]
    parts = b"".join(part + bytes(-len(part) % 8) for part in tail(record_type, **dict(mapping)))
    values = {"sequence": 2, "time_ns": 2, "dump_id": 1, **USUAL.get(record_type, {}), **fields}
    records.data += body.pack(**{**values, "magic": abi.MAGIC, "type": record_type, "size": body.size + len(parts)})
    return recording(records.data + parts)


def leaves(item):
    """All numbers and texts in it, whatever they are called."""
    if isinstance(item, dict):
        if set(item) == {"base64"}:
            return {base64.b64decode(item["base64"])}
        return set().union(*map(leaves, item.values()))
    if isinstance(item, list):
        return set().union(*map(leaves, item))
    if isinstance(item, str):
        return {int(item, 0)} if re.fullmatch(r"0x[0-9a-f]+|0|[1-9][0-9]*", item) else {item, item.encode()}
    return {item}


def fields_of(layout, skipped=()):
    return [(name, code) for name, code in layout.fields
            if not name.startswith("reserved") and name not in LENGTHS and name not in skipped]


@pytest.mark.parametrize("record_type, name, code", [
    (record_type, name, code) for record_type, layout in abi.BODIES.items()
    for name, code in fields_of(layout, WITHOUT.get(record_type, ()))])
def test_every_field_of_every_record_is_there(report, saved, record_type, name, code):
    if name in BITS:
        usual = USUAL.get(record_type, {}).get(name, 0)
        count = MORE_BITS.get((record_type, name), BITS[name])
        values = [usual, *(usual ^ 1 << bit for bit in range(count))]
        seen = {json.dumps(report(saved(dump_with(record_type, {name: value})))) for value in values}
        assert len(seen) == len(values)
        return
    value = b"some text" if code.endswith("s") and name != "futex_words" else VALUES.get(code)
    if name == "futex_words":
        value, found = struct.pack("=4I", *range(0x71727371, 0x71727375)), set(range(0x71727371, 0x71727375))
    else:
        found = {value}
    assert found <= leaves(report(saved(dump_with(record_type, {name: value})))), name


@pytest.mark.parametrize("name, code", fields_of(abi.MAPPING))
def test_every_field_of_a_mapping_is_there(report, saved, name, code):
    value = bytes(range(20)) if code == "20s" else VALUES[code]
    objects = report(saved(dump_with(abi.MAPPINGS, {}, {name: value})))
    assert (value.hex() if code == "20s" else value) in leaves(objects)


def test_what_follows_a_record_is_there(report, saved):
    def line(record_type, wanted):
        [item] = of_type(wanted, report(saved(dump_with(record_type, {}))))
        return item

    task = line(abi.TASK, "task")
    assert task["kernel_addresses"] == ["0xffffffff81000120"]
    assert base64.b64decode(task["stack"]["bytes"]) == b"\1\2\3\4\5\6\7\xff"
    assert base64.b64decode(task["cgroup"]["base64"]) == b"/a\xff"
    assert line(abi.PROCESS, "process")["arguments"] == ["./a", "b c"]
    assert base64.b64decode(line(abi.MAPPINGS, "address_space")["mappings"][0]["path"]["base64"]) == b"/bin\xff"
    [history] = line(abi.HISTORY, "dump")["histories"]
    assert (history["times"], history["values"]) == ([str(0x61626364)], [str(0x65666768)])


def test_the_machine_of_a_recording_is_there(report, saved):
    """A file that ends between two records has no damaged one, and is cut short all the same."""
    records = Records().dump(1, [{}])
    for cut in 0, abi.BODIES[abi.DUMP_END].size:
        data = recording(records.data, release="6.1.0-9", boot_id="4-5", time_ns=1_700_000_000_000_000_007)
        objects = report(saved(data[:len(data) - cut]), status=65 if cut else 0)
        assert objects[1] == {"type": "recording", "release": "6.1.0-9", "architecture": "x86_64", "boot_id": "4-5",
                              "realtime": "1700000000000000007", "cut_short": cut > 0}
        assert of_type("damage", objects) == []


# ---- profiles ----


def test_samples_name_what_their_process_had_mapped(report, profile):
    objects = report("--perf-data", profile)
    spaces = {item["number"]: item for item in of_type("address_space", objects)}
    samples = of_type("task", objects)
    assert spaces and set(spaces) == {item["address_space"] for item in samples} - {"0"}
    for item in samples:
        mappings = spaces.get(item["address_space"], {"mappings": []})["mappings"]
        for frame in item["user"] or []:
            if "file" in frame:
                [at] = [mapping for mapping in mappings
                        if int(mapping["start"], 0) <= int(frame["address"], 0) < int(mapping["end"], 0)]
                assert (at["path"], at["build_id"]) == (frame["file"], frame["build_id"])
    # sh takes the place of the program that perf starts, and sleep that of sh.
    assert {mapping["path"].rpartition("/")[2] for space in spaces.values() for mapping in space["mappings"]
            } >= {"dash", "sleep"}


def test_an_address_space_comes_before_its_samples(report, profile):
    known = {"0"}
    for item in report("--perf-data", profile):
        if item["type"] == "address_space":
            known.add(item["number"])
        assert item["type"] != "task" or item["address_space"] in known


def test_the_machine_of_a_profile_is_there(report, profile):
    header = subprocess.run(["perf", "report", "--header-only", "-i", profile], check=True, capture_output=True,
                            text=True).stdout
    told = dict(re.findall(r"^# (hostname|os release|arch) : (.*)$", header, re.MULTILINE))
    objects = report("--perf-data", profile)
    [item] = of_type("profile", objects)
    assert (item["host"], item["release"], item["architecture"]) == (
        told["hostname"], told["os release"], told["arch"])
    assert item["kernel_reference"]["symbol"] in ("_text", "_stext")
    assert objects[-2] == {"type": "profile_end", "lost": "0", "damages": 0}


# ---- what is missing ----


def changed(profile, tmp_path, change):
    """The profile with other records: `change` is given the type and the bytes of each."""
    data = profile.read_bytes()
    start, size = struct.unpack_from("<QQ", data, 40)
    records, at = b"", start
    while at < start + size:
        kind, _, length = struct.unpack_from("<IHH", data, at)
        records += change(kind, data[at:at + length])
        at += length
    path = tmp_path / "changed.data"
    # Without features, whose places would be others.
    path.write_bytes(data[:40] + struct.pack("<QQ", start, len(records)) + data[56:72] + bytes(32) + data[104:start]
                     + records)
    return path


def test_lost_records_of_a_profile_are_counted(report, profile, tmp_path):
    lost = struct.pack("<IHHQQ", 2, 0, 24, 0, 700)
    count = 0

    def add(kind, record):
        nonlocal count
        count += kind == 9
        return (lost if kind == 9 else b"") + record

    objects = report("--perf-data", changed(profile, tmp_path, add))
    assert objects[-2] == {"type": "profile_end", "lost": str(700 * count), "damages": 0} and count > 0


def test_damaged_records_of_a_profile_are_told_with_their_place(report, profile, tmp_path):
    """A sample whose parts go past its end, and an end that is cut off in the middle of a record."""
    places, at = [], struct.unpack_from("<Q", profile.read_bytes(), 40)[0]

    def cut(kind, record):
        nonlocal at
        if kind == 9:
            places.append(at)
            record = record[:4] + struct.pack("<HH", *struct.unpack_from("<H", record, 4), 64) + record[8:64]
        at += len(record)
        return record

    path = changed(profile, tmp_path, cut)
    objects = report("--perf-data", path, status=65)
    damages = of_type("damage", objects)
    assert {(item["offset"], item["skipped"]) for item in damages} <= {(place, 64) for place in places}
    assert len(damages) == 16 < len(places) == objects[-2]["damages"]

    whole = profile.read_bytes()
    start, size = struct.unpack_from("<QQ", whole, 40)
    path.write_bytes(whole[:start + size - 3])
    [damage] = of_type("damage", report("--perf-data", path, status=65))
    assert damage["offset"] + damage["skipped"] == start + size - 3
