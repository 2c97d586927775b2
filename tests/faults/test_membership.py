"""Nodes come and go, are replaced, and are restarted with another version, under boto3 writers: no call fails after the SDK's own
retries, and nothing that was acknowledged is lost."""

import itertools
import os
import threading
import time
from urllib.parse import urlsplit, urlunsplit

import pytest

from harness import tables
from harness.cluster import partitions
from harness.server import dynamodb_client
from harness.waiting import wait_until

WRITERS = 3
PAUSE_S = 0.01  # between two writes of one writer: load, not a race for the processor
BODY = "x" * 400
MOVE_DEADLINE_S = 180
WARM_UP_WRITES = 100


class Writers:
    """boto3 clients that write one new item after the other, each attempt to the next node: what a client behind a load
    balancer does. A call that fails after the SDK's retries, or answers late, is kept."""

    def __init__(self, cluster, table):
        self.cluster = cluster
        self.table = table
        self.acknowledged = []
        self.failed = []
        self.slowest = 0.0
        self._stop = threading.Event()
        self._turn = itertools.count()
        self._threads = [threading.Thread(target=self._write, args=(n,), daemon=True) for n in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    def _client(self):
        client = dynamodb_client(self.cluster.endpoints()[0], attempts=6, read_timeout=10)

        def to_the_next_node(request, **_):
            ports = self.cluster.ports()
            parts = urlsplit(request.url)
            request.url = urlunsplit(parts._replace(netloc=f"127.0.0.1:{ports[next(self._turn) % len(ports)]}"))

        client.meta.events.register("before-send.dynamodb", to_the_next_node)
        return client

    def _write(self, number):
        client = self._client()
        for turn in itertools.count():
            if self._stop.is_set():
                return
            key = f"w{number}-{turn:06}"
            begin = time.monotonic()
            try:
                client.put_item(TableName=self.table, Item={"pk": {"S": key}, "body": {"S": BODY}})
            except Exception as error:  # whatever it is, a user would have seen it
                self.failed.append((key, repr(error)))
            else:
                self.acknowledged.append(key)
            self.slowest = max(self.slowest, time.monotonic() - begin)
            time.sleep(PAUSE_S)

    def wait_for_more(self, count=WARM_UP_WRITES):
        goal = len(self.acknowledged) + count
        wait_until(lambda: len(self.acknowledged) >= goal, f"{count} more writes", 60)

    def finish(self, progress):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        progress(f"{len(self.acknowledged)} writes, the slowest took {self.slowest:.2f} s, {len(self.failed)} failed")
        assert self.failed == []

    def check(self):
        """Each node answers with all that was acknowledged."""
        for number in self.cluster.numbers:
            held = set()
            for page in self.cluster.client(number).get_paginator("scan").paginate(
                TableName=self.table, ConsistentRead=True, ProjectionExpression="pk"
            ):
                held.update(item["pk"]["S"] for item in page["Items"])
            assert set(self.acknowledged) - held == set(), f"lost, says node {number}"


def replicas_of(status, number):
    return next(node["replicas"] for node in status["nodes"] if node["id"] == number)


def leaders_of(status, number):
    return next(node["leaders"] for node in status["nodes"] if node["id"] == number)


@pytest.mark.timeout(900)
def test_nodes_come_and_go_under_load(own_cluster, progress):
    cluster = own_cluster(args=["--partitions-per-table", "4"])
    client = cluster.client()
    table = tables.create(client)
    writers = Writers(cluster, table)
    writers.wait_for_more()

    added = cluster.add()
    assert added == 4
    assert cluster.node(4)["zone"] == "a"
    # Zones a (two nodes), b and c: node 1 keeps half of its four replicas, and each leads one partition.
    cluster.wait_for(
        lambda s: replicas_of(s, 4) == 2 and replicas_of(s, 1) == 2 and all(leaders_of(s, n) == 1 for n in (1, 2, 3, 4)),
        "the new node has its share", MOVE_DEADLINE_S,
    )
    cluster.wait_until_whole()
    writers.wait_for_more()

    done = cluster.decommission(1)
    assert "node 1 holds" in done.stderr and "node 1 holds nothing any more" in done.stdout
    assert list(cluster.numbers) == [2, 3, 4]
    status = cluster.wait_until_whole()
    assert replicas_of(status, 4) == 4
    assert all(1 not in partition["replicas"] for partition in partitions(status, table))
    writers.wait_for_more()

    # Three nodes for three replicas, one in each zone: none can be spared, and the number of a node never comes back.
    refused = cluster.run("decommission", 2, code=1)
    assert "2 nodes would remain, and partitions have 3 replicas" in refused.stderr
    assert cluster.add("--zone", "b") == 5
    writers.finish(progress)
    writers.check()
    cluster.stop()
    cluster.start()
    writers.check()


@pytest.mark.timeout(900)
def test_a_rolling_restart_under_load(own_cluster, progress):
    cluster = own_cluster(args=["--partitions-per-table", "4"])
    table = tables.create(cluster.client())
    before = {number: cluster.node(number)["pid"] for number in cluster.numbers}
    writers = Writers(cluster, table)
    writers.wait_for_more()
    done = cluster.rolling_restart()
    progress(done.stdout.strip())
    writers.wait_for_more()
    writers.finish(progress)
    assert all(cluster.node(number)["pid"] != pid for number, pid in before.items())
    cluster.wait_until_whole()
    writers.check()
    # Not while a node is away: its restart would be the second loss.
    cluster.kill(2)
    assert "node 2 does not run" in cluster.run("rolling-restart", code=1).stderr


@pytest.mark.timeout(900)
def test_a_dead_nodes_replicas_are_made_anew(own_cluster, progress):
    cluster = own_cluster(
        nodes=4, args=["--partitions-per-table", "4"], env={**os.environ, "STATOR_REPLACE_DEAD_AFTER": "2"}
    )
    table = tables.create(cluster.client())
    cluster.wait_until_whole()
    writers = Writers(cluster, table)
    writers.wait_for_more()
    victim = 4  # of two nodes in zone a
    cluster.kill(victim)
    cluster.wait_for(
        lambda s: all(victim not in p["replicas"] and len(p["replicas"]) == 3 and p["leader"] for p in partitions(s, table)),
        "the replicas are elsewhere", MOVE_DEADLINE_S,
    )
    writers.wait_for_more()
    # The loss of another one is survived: the three that remain hold everything.
    cluster.restart(victim)
    cluster.wait_for(lambda s: replicas_of(s, victim) == 2, "it is a member again, and has its share", MOVE_DEADLINE_S)
    writers.finish(progress)
    cluster.wait_until_whole()
    writers.check()


@pytest.mark.timeout(900)
def test_a_new_version_is_written_once_all_read_it(own_cluster, progress):
    """A build that says that it reads one format more than this one stands for the next version."""
    next_version = {**os.environ, "STATOR_TEST_FORMAT_MAX": "2"}
    cluster = own_cluster()
    table = tables.create(cluster.client())
    writers = Writers(cluster, table)
    writers.wait_for_more()
    assert "the cluster writes format 1" in cluster.run("finalize-version").stdout
    cluster.env = next_version
    cluster.restart(1)  # two versions in one cluster
    writers.wait_for_more()
    wait_until(
        lambda: "reads formats up to 1: start it with the new version first"
        in cluster.run("finalize-version", code=None).stderr,
        "the cluster knows that node 1 is of the next version",
    )
    done = cluster.rolling_restart(next_version)
    progress(done.stdout.strip())
    wait_until(
        lambda: "the cluster writes format 2" in cluster.run("finalize-version", code=None).stdout, "all are registered"
    )
    writers.wait_for_more()
    writers.finish(progress)
    cluster.wait_until_whole()
    writers.check()

    # The version before does not come back: it would stop at the first entry.
    cluster.env = {**os.environ, "STATOR_TEST_FORMAT_MAX": "1"}
    refused = cluster.run("restart", 2, code=1)
    assert "the cluster writes format 2, and this version reads up to 1" in refused.stderr
    cluster.down.add(2)
    cluster.env = next_version
    cluster.restart(2)
    cluster.wait_until_whole()
    writers.check()
