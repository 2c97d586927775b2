"""Drills on three processes under load: the leader is killed, or stands still; a follower is slow; all are restarted in
turn. Nothing that was acknowledged may be lost, and porcupine has to find what clients saw linearizable.

Short in CI; tests/run --long has the counts and asks for the outages that the project promises (docs/reliability.md).
"""

import threading
import time
import uuid

import pytest

from harness import raw_http, tables
from harness.drill import Drill, percentile

PARTITION = ["--partitions-per-table", "1"]  # all load on one leader


@pytest.mark.timeout(1800)
def test_the_leader_is_killed_again_and_again(own_cluster, checker, long_run, progress):
    kills, every_s = (120, 5.0) if long_run else (3, 3.0)
    drill = Drill(own_cluster(args=PARTITION), checker, "leader-kill", progress)
    with drill.running():
        for _ in range(kills):
            begun = time.monotonic()
            leader = drill.cluster.leader_of(drill.table)
            drill.around("leader killed", lambda: drill.cluster.kill(leader), every_s / 3)
            drill.around("killed node restarted", lambda: drill.cluster.restart(leader), every_s / 3)
            drill.settled_leader()
            time.sleep(max(0, begun + every_s - time.monotonic()))
    if long_run:
        gaps = drill.gaps["leader killed"]
        assert percentile(gaps, 50) <= 0.3 and percentile(gaps, 99) <= 1.0, sorted(gaps)


@pytest.mark.timeout(1800)
def test_the_leader_stands_still(own_cluster, checker, long_run, progress):
    """SIGSTOP: its connections stay and say nothing; when it goes on, it takes itself for the leader."""
    drill = Drill(own_cluster(args=PARTITION), checker, "leader-pause", progress)
    with drill.running():
        for _ in range(50 if long_run else 2):
            leader = drill.settled_leader()
            drill.around("leader paused", lambda: drill.cluster.pause(leader), 3.0 if long_run else 2.0)
            drill.around("paused node resumed", lambda: drill.cluster.resume(leader), 1.0)
            drill.cluster.wait_until_whole()
    if long_run:
        assert percentile(drill.gaps["leader paused"], 99) <= 2.0, sorted(drill.gaps["leader paused"])


# Of one call: what is there before, the call, what somebody else writes after it was answered.
HELD_UP = {
    "DeleteItem": (None, {"Key": {}}, "newer"),
    "PutItem": ("older", {"Item": {"v": {"S": "of the call"}}}, "newer"),
    "UpdateItem": (
        "older",
        {"Key": {}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "ALL_NEW"},
        None,
    ),
}


@pytest.mark.timeout(300)
def test_an_attempt_that_was_held_up_changes_nothing(own_cluster):
    """A node stands still with a client's request in its hands; the client tries again at another node, under the same
    invocation id, and is answered. When the first node goes on, the request is done already. (Porcupine found that it was
    not where the call had nothing to change: a deletion of what was not there took away what was written since.)"""
    cluster = own_cluster(args=PARTITION)
    client = cluster.client(1)
    table = tables.create(client)
    cluster.wait_until_whole()
    leader = cluster.leader_of(table)
    held, other = [number for number in cluster.numbers if number != leader]
    ports = {number: port for number, (_, port) in zip(cluster.numbers, cluster.addresses())}
    calls = {}
    for operation, (before, call, _) in HELD_UP.items():
        key = {"pk": {"S": operation}}
        body = {"TableName": table, **call}
        place = "Key" if "Key" in call else "Item"
        body[place] = {**key, **call[place]}
        calls[operation] = (key, body, str(uuid.uuid4()))
        if before:
            client.put_item(TableName=table, Item={**key, "v": {"S": before}})
    cluster.pause(held)
    connections, answers, expected = {}, {}, {}
    for operation, (key, body, invocation) in calls.items():
        connections[operation] = raw_http.connect(ports[held])
        connections[operation].sendall(raw_http.request_bytes(operation, body, amz_sdk_invocation_id=invocation))
        answers[operation] = raw_http.call(ports[other], operation, body, amz_sdk_invocation_id=invocation)
        assert answers[operation].status == 200, answers[operation]
        after = HELD_UP[operation][2]
        if after:
            cluster.client(other).put_item(TableName=table, Item={**key, "v": {"S": after}})
        expected[operation] = cluster.client(other).get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    cluster.resume(held)
    for operation, (key, _, _) in calls.items():
        with connections[operation] as connection:
            late = raw_http.read_answer(connection)
        assert (late.status, late.json()) == (200, answers[operation].json()), operation
        for number in cluster.numbers:
            read = cluster.client(number).get_item(TableName=table, Key=key, ConsistentRead=True)
            assert read.get("Item") == expected[operation], operation


class Stutter(threading.Thread):
    """Stops a node for `still` of every `every` seconds."""

    def __init__(self, cluster, node, still, every):
        super().__init__(name="stutter")
        self.cluster, self.node, self.still, self.every = cluster, node, still, every
        self.done = threading.Event()

    def run(self):
        while not self.done.is_set():
            self.cluster.pause(self.node)
            self.done.wait(self.still)
            self.cluster.resume(self.node)
            self.done.wait(self.every - self.still)

    def finish(self):
        self.done.set()
        self.join()


@pytest.mark.timeout(1800)
def test_a_slow_follower_slows_nobody(own_cluster, checker, long_run, progress):
    """It stands still for four fifths of the time. Clients of the others are as fast as ever, and the leader's memory does not
    hold what it misses."""
    still, every, seconds = (8.0, 10.0, 300.0) if long_run else (1.6, 2.0, 6.0)
    cluster = own_cluster(args=PARTITION)
    drill = Drill(cluster, checker, "slow-follower", progress, body_bytes=4_000, timeout=2.0)
    leader = drill.settled_leader()
    slow = next(number for number in cluster.numbers if number != leader)
    others = [address for number, address in zip(cluster.numbers, cluster.addresses()) if number != slow]
    drill.writer.addresses = drill.registers.addresses = others
    with drill.running():
        usual_from = time.monotonic()
        time.sleep(min(seconds / 2, 60))
        usual = drill.writer.latencies(usual_from, time.monotonic())
        memory, slow_from = cluster.rss_bytes(leader), time.monotonic()
        stutter = Stutter(cluster, slow, still, every)
        stutter.start()
        most = memory
        try:
            while time.monotonic() < slow_from + seconds:
                most = max(most, cluster.rss_bytes(leader))
                time.sleep(0.1)
        finally:
            stutter.finish()
        slowed = drill.writer.latencies(slow_from, time.monotonic())
    p99, p99_slow, grown = percentile(usual, 99), percentile(slowed, 99), (most - memory) / 2**20
    progress(f"p99 of a write {p99 * 1000:.1f} ms, with a slow follower {p99_slow * 1000:.1f} ms; the leader grew by {grown:.0f} MiB")
    assert cluster.leader_of(drill.table) == leader
    assert grown <= 64
    assert not drill.writer.failures
    if long_run:
        assert p99_slow <= 2 * p99


@pytest.mark.timeout(1800)
def test_a_rolling_restart(own_cluster, checker, long_run, progress):
    """SIGTERM and a new start, node by node, each once the cluster is whole. A client that tries again as an SDK does, at
    another node, sees none of it."""
    cluster = own_cluster(args=PARTITION)
    drill = Drill(cluster, checker, "rolling-restart", progress, hasty=2.0)
    with drill.running():
        usual_from = time.monotonic()
        time.sleep(2.0)
        usual = drill.writer.latencies(usual_from, time.monotonic())
        rolling_from = time.monotonic()
        for _ in range(10 if long_run else 1):
            for node in cluster.numbers:
                drill.around("node restarted", lambda: cluster.restart(node), 1.0)
                cluster.wait_until_whole()
        rolling = drill.writer.latencies(rolling_from, time.monotonic())
    progress(f"p99 of a write {percentile(usual, 99) * 1000:.1f} ms, while restarting {percentile(rolling, 99) * 1000:.1f} ms")
    assert drill.registers.failed_after_retries == []
