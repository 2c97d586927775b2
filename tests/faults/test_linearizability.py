"""The checker of histories is checked: its own tests, and what becomes of a real history when one answer in it is altered."""

import collections
import copy
import subprocess
import time

import pytest

from harness import tables
from harness.history import ADD, GET, History
from harness.linearizability import BUILD_DEADLINE_S, GO, LINEARIZABLE, SOURCES, VIOLATED
from harness.register_clients import RegisterClients

SECONDS = 2.0


def test_the_checker_passes_its_own_tests():
    done = subprocess.run(
        [GO, "test", "-count=1", "./..."], cwd=SOURCES, capture_output=True, text=True, timeout=BUILD_DEADLINE_S
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def history(shared_server):
    """Of clients of one healthy server."""
    with tables.temporary(shared_server.client()) as table:
        clients = RegisterClients(table, [("127.0.0.1", shared_server.port)])
        clients.start()
        time.sleep(SECONDS)
        return clients.finish()


def answered(records, op, having=lambda record: True):
    """The places in the middle of the history of operations that were answered."""
    return [
        place for place, record in enumerate(records)
        if record["op"] == op and record["outcome"] == "ok" and record["output"]["applied"] and having(record)
    ]


def stale_read(records):
    """The last read that differs from the one of the same key before it answers what that one did."""
    reads = answered(records, GET)
    for at, earlier in [(a, b) for a in reversed(reads) for b in reversed(reads) if b < a]:
        new, old = records[at], records[earlier]
        between = new["key"] == old["key"] and old["return"] < new["call"]
        if between and new["output"] != old["output"] and (new["output"]["item"] or {}).get("value"):
            new["output"] = copy.deepcopy(old["output"])
            return
    raise AssertionError("no such read")


def lost_write(records):
    """A write whose value was read did not happen, for certain."""
    def place_of(record):
        return record["key"], record["input"].get("value")

    read = {
        (record["key"], (record["output"]["item"] or {}).get("value"))
        for record in records if record["op"] == GET and record["output"]
    }
    written = collections.Counter(place_of(record) for record in records if record["op"] != GET)
    at = next(
        place for place, record in enumerate(records)
        if record["outcome"] == "ok" and record["op"] != GET and record["output"]["applied"]
        and record["input"].get("value") is not None and place_of(record) in read and written[place_of(record)] == 1
    )
    records[at].update(outcome="fail", output=None)
    records[at]["return"] = None


def doubled_add(records):
    """An ADD answers what it would have if it had happened twice."""
    record = records[answered(records, ADD)[0]]
    record["output"]["item"]["count"] += record["input"]["delta"]


def refused_and_done(records):
    """A conditional write that happened says that its condition failed."""
    record = next(
        r for r in records if r["outcome"] == "ok" and r["output"]["applied"] and "condition" in r["input"] and r["op"] != GET
    )
    record["output"]["applied"] = False


def verdict(checker, records, path):
    one = History()
    one.records = records
    one.write(path)
    return checker.verdict(path)


def test_a_history_of_a_healthy_server_is_linearizable(checker, history, tmp_path):
    code, told = verdict(checker, history.records, tmp_path / "history.jsonl")
    assert code == LINEARIZABLE, told
    assert told["operations"] > 200 and told["refused"] > 10 and told["maybe"] == 0, told


@pytest.mark.parametrize("alter", [stale_read, lost_write, doubled_add, refused_and_done])
def test_one_altered_answer_is_seen(checker, history, tmp_path, alter):
    records = copy.deepcopy(history.records)
    alter(records)
    code, told = verdict(checker, records, tmp_path / "altered.jsonl")
    assert code == VIOLATED and len(told["violated"]) == 1, told
