"""What was recorded of both servers (record.py), replayed against Stator alone: the answers on which DynamoDB Local agreed, and
Stator's side of each known difference. Needs no Java."""

import json
import pathlib

import pytest

from . import compare, known, values, wire
from .pair import SETTLING

DATA = pathlib.Path(__file__).resolve().parents[1] / "data/oracle"


def lines(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def connection(server):
    one = wire.Connection(server.port)
    yield one
    one.close()


def with_table(connection, table):
    """The table of a script, new; none where its calls make their own."""
    connection.call("UpdateTable", {"TableName": values.TABLE, "DeletionProtectionEnabled": False})
    connection.call("DeleteTable", {"TableName": values.TABLE})
    connection.settle(values.TABLE)
    if table is None:
        return
    created = connection.call("CreateTable", table)
    assert created.status == 200, (table, created.body)
    connection.settle(values.TABLE)


def answered(connection, operation, request):
    answer = compare.normal(operation, request, connection.call(operation, request))
    if operation in SETTLING:
        connection.settle(values.TABLE)
    return answer


def test_agreed_answers(connection):
    wrong, calls = [], 0
    for number, script in enumerate(lines("agreed.jsonl"), 1):
        with_table(connection, script["table"])
        for operation, request, expected in script["calls"]:
            calls += 1
            given = answered(connection, operation, request)
            if given != expected:
                wrong.append(f"line {number}: {operation} {request}\n  expected {expected}\n  given    {given}")
                break  # what follows may build on it
    assert calls > 2000
    assert not wrong, f"{len(wrong)} scripts of agreed.jsonl differ\n" + "\n".join(wrong[:10])


def test_known_differences(connection):
    """Stator answers each as recorded, and the recorded pair is a known difference."""
    entries = known.load()
    wrong = []
    for number, line in enumerate(lines("known.jsonl"), 1):
        operation, request = line["call"]
        with_table(connection, line["table"])
        for earlier in line["given"]:
            answered(connection, *earlier)
        given = answered(connection, operation, request)
        if given != line["ours"]:
            wrong.append(f"line {number}: {operation} {request}\n  expected {line['ours']}\n  given    {given}")
        elif known.find(entries, operation, request, given, line["local"]) is None:
            wrong.append(f"line {number}: {operation} {request} differs from DynamoDB Local, and no entry says why")
    assert not wrong, "\n".join(wrong[:10])


def test_each_known_difference_is_met():
    """But for the rare ones, which are such that no recorded call meets them."""
    recorded = lines("known.jsonl")
    entries = known.load()
    first = [known.find(entries, *line["call"], line["ours"], line["local"]) for line in recorded]
    unmet = [(one.operation, one.shape, one.ours) for one in entries if not one.rare and one not in first]
    assert unmet == [], "entries of known_differences.toml that no call of known.jsonl meets"
    common = [(one.operation, one.shape, one.ours) for one in first if one is not None and one.rare]
    assert common == [], "entries that are called rare, and are met"


def test_entries_are_whole():
    for one in known.load():
        assert one.why and one.source and one.shape, one
        assert "*" not in one.operation
