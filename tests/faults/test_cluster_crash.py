"""All nodes of a cluster killed at one moment under load, and started again: nothing acknowledged is lost. And folders that
are lost with their node: one is made up for by the others; with another node down, what cannot be known is not made up."""

import os
import random
import shutil
import threading
import time

import botocore.exceptions
import pytest

from harness import tables
from harness.cluster import partitions
from harness.ledger import Writer, compare, wait_for_answers

ROUNDS = 3
ROUNDS_LONG = 20
WRITERS = 6
ANSWERS_BETWEEN_KILLS = 200
ROWS = 200
RECOVERY_DEADLINE_S = 60
# Long enough for an election that should not happen.
NO_ELECTION_S = 6


class Load:
    """Writers with ledgers, spread over the nodes."""

    def __init__(self, cluster, table):
        self.cluster = cluster
        self.table = table
        self.stop = threading.Event()
        clients = [cluster.client(number, connections=WRITERS) for number in cluster.numbers]
        self.writers = [Writer(n, clients[n % len(clients)], table, self.stop) for n in range(WRITERS)]
        for writer in self.writers:
            writer.start()

    def wait_for_answers(self, count=ANSWERS_BETWEEN_KILLS):
        wait_for_answers(self.cluster, self.writers, count)

    def finish(self):
        self.stop.set()
        for writer in self.writers:
            writer.join()
        assert [writer.wrong for writer in self.writers if writer.wrong] == []

    def compare_on_each_node(self, progress):
        for number in self.cluster.numbers:
            compare(self.cluster.client(number), self.table, self.writers, progress)


@pytest.mark.timeout(3600)
def test_all_nodes_killed_at_once(own_cluster, long_run, progress):
    seed = int(os.environ.get("STATOR_SEED", random.SystemRandom().randrange(2**32)))
    progress(f"seed {seed} (STATOR_SEED={seed} repeats the moments of the kills)")
    moments = random.Random(seed)
    cluster = own_cluster()
    load = Load(cluster, tables.create(cluster.client(), sort_key=True))
    rounds = ROUNDS_LONG if long_run else ROUNDS
    try:
        for number in range(1, rounds + 1):
            load.wait_for_answers()
            time.sleep(moments.uniform(0, 0.05))
            cluster.check()
            cluster.kill(*cluster.numbers)
            begun = time.monotonic()
            cluster.start()
            progress(f"round {number}/{rounds}: all three ready again after {time.monotonic() - begun:.2f} s")
        load.wait_for_answers()
    finally:
        load.finish()
    cluster.kill(*cluster.numbers)
    cluster.start()
    cluster.wait_until_whole()
    load.compare_on_each_node(progress)
    cluster.stop()
    cluster.start()
    load.compare_on_each_node(progress)


@pytest.mark.timeout(1800)
def test_a_lost_folder_is_made_up_for(own_cluster, progress):
    """A node whose folder is gone comes back as a new one; afterwards it is as good a copy as any."""
    cluster = own_cluster()
    load = Load(cluster, tables.create(cluster.client(), sort_key=True))
    try:
        load.wait_for_answers()
        before = (cluster.node_folder(2) / "INCARNATION").read_text()
        cluster.kill(2)
        shutil.rmtree(cluster.node_folder(2))
        load.wait_for_answers(50)
        begun = time.monotonic()
        cluster.restart(2)
        cluster.wait_until_whole(RECOVERY_DEADLINE_S)
        progress(f"replaced after {time.monotonic() - begun:.2f} s, while writes went on")
        assert (cluster.node_folder(2) / "INCARNATION").read_text() != before
        load.wait_for_answers()
        # The new copy counts: without node 3 it is half of what is left.
        cluster.kill(3)
        load.wait_for_answers()
        cluster.restart(3)
    finally:
        load.finish()
    status = cluster.wait_until_whole(RECOVERY_DEADLINE_S)
    assert all(sorted(one["replicas"]) == [1, 2, 3] for one in partitions(status, load.table))
    load.compare_on_each_node(progress)


def put_rows(client, table):
    items = [{"pk": {"S": str(number)}, "body": {"S": "x" * 200}} for number in range(ROWS)]
    tables.put_many(client, table, items)
    return {item["pk"]["S"] for item in items}


@pytest.mark.timeout(900)
def test_a_lost_folder_while_another_node_is_down(own_cluster, progress):
    """Of three copies one is down and one is gone: the third may not be the newest, so nobody leads, and the logs say why.
    When the one that was down is back, everything is."""
    cluster = own_cluster()
    table = tables.create(cluster.client())
    rows = put_rows(cluster.client(), table)
    cluster.wait_until_whole()
    cluster.kill(2)
    cluster.kill(3)
    shutil.rmtree(cluster.node_folder(3))
    cluster.restart(3, code=1)

    deadline = time.monotonic() + NO_ELECTION_S
    while time.monotonic() < deadline:
        status = cluster.status()
        assert not status["nodes"][0]["ready"] and not status["nodes"][2]["ready"]
        assert all(partition["leader"] in (None, 1) for partition in partitions(status, table))
        time.sleep(0.2)
    client = cluster.client(1, read_timeout=15)
    for call in (
        lambda: client.put_item(TableName=table, Item={"pk": {"S": "new"}}),
        lambda: client.get_item(TableName=table, Key={"pk": {"S": "0"}}, ConsistentRead=True),
    ):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            call()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    logs = cluster.log(1) + cluster.log(3)
    assert "majority" in logs or "quorum" in logs, "why nobody is elected is in the logs"

    begun = time.monotonic()
    cluster.restart(2)
    cluster.wait_until_whole(RECOVERY_DEADLINE_S)
    progress(f"whole again {time.monotonic() - begun:.2f} s after the restart of the node that was down")
    for number in cluster.numbers:
        found = {item["pk"]["S"] for item in tables.scan_all(cluster.client(number), table, ConsistentRead=True)}
        assert rows <= found <= rows | {"new"}
