# SPDX-License-Identifier: Apache-2.0
"""JSON Lines follow the schema that docs/ gives, and lose nothing."""

import base64
import json

import pytest
from conftest import PROJECT


@pytest.fixture(scope="module")
def validator():
    import jsonschema

    schema = json.loads((PROJECT / "docs/report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def lines(text):
    return [json.loads(line) for line in text.decode("utf-8").split("\n")[:-1]]


def of_type(type, objects):
    return [item for item in objects if item["type"] == type]


@pytest.mark.parametrize("sample", ["hostile", "service", "profile"])
@pytest.mark.parametrize("options", [[], ["top"]])
def test_every_line_follows_the_schema(render, validator, sample, options):
    objects = lines(render(sample, "json", *options))
    assert objects[0] == {"type": "report", "version": 1}
    assert objects[-1] == {"type": "report_end"}
    for item in objects:
        validator.validate(item)


def test_all_types_of_lines_are_tried(render, validator):
    """So that no definition of the schema goes untested. Tests/ucli has the lines about files."""
    seen = {item["type"] for options in ([], ["top"]) for item in lines(render("hostile", "json", *options))}
    defined = {entry["$ref"].rpartition("/")[2] for entry in validator.schema["oneOf"]}
    assert seen == defined - {"recording", "profile", "profile_end"}


def test_the_schema_refuses_what_is_wrong(render, validator):
    for item in lines(render("hostile", "json")):
        assert not validator.is_valid({**item, "type": "other"})
        for key in item:
            # What came later is not in all reports of the version.
            if key not in ("sample", "records"):
                assert not validator.is_valid({k: v for k, v in item.items() if k != key}), (item["type"], key)


def test_names_that_are_no_utf8_keep_their_bytes(render):
    tasks = of_type("task", lines(render("hostile", "json")))
    assert base64.b64decode(tasks[2]["comm"]["base64"]) == b'#\xff\xfe\n"\\<'
    assert base64.b64decode(tasks[1]["user"][1]["file"]["base64"]) == b'/\xff\n"'
    assert tasks[1]["cgroup"] == "/x;y\n<script>"
    assert tasks[2]["user"][0]["symbol"] == "main;</script>\u202e"


def test_conditions_histories_and_locks(render):
    dump = of_type("dump", lines(render("hostile", "json")))[1]
    [hit], [history], [blocked] = dump["hits"], dump["histories"], dump["blocked"]
    assert (hit["value"], hit["threshold"], hit["float"], hit["comparison"]) == ("0.75", "0.5", True, "greater")
    assert hit["condition"] == {
        "sequence": "16", "time": "1000000016", "cpu": 1,
        "high": "0.0", "rearm": "0.0", "ticks": 2, "ticks_held": 2,
        "previous": {"value": "0.625", "time": "30", "unchanged": "0"}}
    assert history["times"] == ["0", "10", "20", "30", "40", "50"]
    assert history["values"] == ["0.125", "0.25", "0.25", "nan", "0.625", "0.75"]
    assert (blocked["pid"], blocked["kind"], blocked["lock"]) == (9, "mutex", "0xffff888000001000")
    assert blocked["owner"] == {"state": "live", "pid": 51666, "tgid": 51666, "start_time": "0", "comm": "userstack"}
    # What cannot be told is not there.
    assert not {"waited", "readers", "queue", "futex"} & set(blocked)


def test_numbers_stacks_and_frames(render):
    objects = lines(render("hostile", "json"))
    dump = of_type("dump", objects)[0]
    assert dump["begin"]["realtime"] == "1701141698684973655"
    assert [(hit["value"], hit["comparison"], hit["threshold"]) for hit in dump["hits"]] == [
        ("151", "greater", "150"), ("-3", "less", "-2")]
    task = of_type("task", objects)[0]
    assert base64.b64decode(task["stack"]["bytes"]) == bytes(range(256))
    assert task["registers"]["rip"] == task["user"][0]["address"] == "0x555500001020"
    assert [task["registers"][name] for name in ("eflags", "cs", "ss", "orig_rax")] == ["0x246", "0x33", "0x2b", "0xe6"]
    assert task["user"][0] | {"offset": 0} == {
        "address": "0x555500001020", "symbol": "clock_nanosleep", "offset": 0, "file": "/lib/libc.so.6",
        "build_id": "beef736f2e36", "file_state": "usable", "file_address": "0x101f"}
    assert task["user"][1]["sources"][0] == {"function": "pause_a_little", "file": "/src/pause.h", "line": 3}
    assert [task["user_end"] for task in of_type("task", objects)] == [
        "complete", "truncated", "unreadable", None, "32_bit", "complete"]
    assert of_type("process", objects)[2]["arguments"] == ["./userstack", "a b", "\n;"]
    assert of_type("process", objects)[0]["arguments"][0] == {"base64": base64.b64encode(b'\xff"').decode()}


def test_top_counts_every_task_once(render):
    stacks = of_type("stack", lines(render("service", "json", "top")))
    counts = [stack["count"] for stack in stacks]
    assert counts == sorted(counts, reverse=True) and counts[0] == 380
    members = [(task["dump"], task["number"]) for stack in stacks for task in stack["tasks"]]
    assert len(members) == len(set(members)) == sum(counts) == 965
