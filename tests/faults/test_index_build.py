"""An index is made while clients write and the leaders of its table are killed: in the end it is the table, entry by entry.

Short in CI; tests/run --long has 200,000 items and 500 writes a second.
"""

import collections
import random
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

from harness import tables
from harness.tables import GROUP_DEFINITIONS, GROUP_INDEX
from harness.waiting import wait_until

GROUPS = 50
WRITERS = 4


def item(number, draw):
    made = {"pk": {"S": f"p{number:07}"}, "rank": {"N": str(draw.randrange(1000))}, "pad": {"S": "x" * 40}}
    if draw.random() < 0.9:  # the others have no entry
        made["group"] = {"S": f"g{draw.randrange(GROUPS)}"}
    return made


class Writer(threading.Thread):
    """Puts, moves and deletes items at a steady rate, through whichever node answers."""

    def __init__(self, cluster, table, items, rate, seed):
        super().__init__()
        self.clients = [cluster.client(number) for number in cluster.numbers]
        self.table, self.items, self.rate = table, items, rate
        self.draw = random.Random(seed)
        self.stop = threading.Event()
        self.outcomes = collections.Counter()

    def run(self):
        begun = time.monotonic()
        sent = 0
        while not self.stop.is_set():
            client = self.clients[sent % len(self.clients)]
            number = self.draw.randrange(self.items + self.items // 10)
            try:
                if self.draw.random() < 0.25:
                    client.delete_item(TableName=self.table, Key={"pk": {"S": f"p{number:07}"}})
                else:
                    client.put_item(TableName=self.table, Item=item(number, self.draw))
                self.outcomes["answered"] += 1
            except (BotoCoreError, ClientError):  # its endpoint is down: the next one is another
                self.outcomes["failed"] += 1
            sent += 1
            time.sleep(max(0, begun + sent / self.rate - time.monotonic()))


def all_items(client, table, **more):
    pages = client.get_paginator("scan").paginate(TableName=table, **more)
    return {one["pk"]["S"]: one for page in pages for one in page["Items"]}


def kill_the_leader(cluster, table):
    leader = cluster.leader_of(table)
    cluster.kill(leader)
    cluster.restart(leader)
    cluster.wait_until_whole()
    return leader


def test_an_index_made_under_writes_and_kills_is_the_table(own_cluster, long_run, progress):
    count, rate, patience = (200_000, 500, 900) if long_run else (8_000, 200, 120)
    cluster = own_cluster()
    client = cluster.client(1)
    table = tables.unique_name("drill")
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=GROUP_DEFINITIONS[:1],
        BillingMode="PAY_PER_REQUEST",
    )
    draw = random.Random(7)
    tables.put_many(client, table, [item(number, draw) for number in range(count)])
    writers = [Writer(cluster, table, count, rate / WRITERS, seed) for seed in range(WRITERS)]
    for writer in writers:
        writer.start()

    def answered():
        return sum(writer.outcomes["answered"] for writer in writers)

    try:
        wait_until(lambda: answered() >= 50, "writes are answered", patience)
        begun = time.monotonic()
        client.update_table(TableName=table, AttributeDefinitions=GROUP_DEFINITIONS, GlobalSecondaryIndexUpdates=[{"Create": GROUP_INDEX}])
        killed = [kill_the_leader(cluster, table) for _ in range(2)]

        def active():
            described = cluster.client(1).describe_table(TableName=table)["Table"]
            return [one["IndexStatus"] for one in described.get("GlobalSecondaryIndexes", [])] == ["ACTIVE"]

        wait_until(active, "the index is active", patience)
        built = time.monotonic() - begun
        wait_until(lambda: answered() >= 200, "writes go on", patience)
    finally:
        for writer in writers:
            writer.stop.set()
        for writer in writers:
            writer.join()
    base = {pk: one for pk, one in all_items(client, table, ConsistentRead=True).items() if "group" in one}
    wait_until(lambda: all_items(client, table, IndexName="by-group") == base, "the index is the table", patience)
    outcomes = sum((writer.outcomes for writer in writers), collections.Counter())
    progress(f"{count} items, nodes {killed} killed, active after {built:.1f} s; {len(base)} entries; writes: {dict(outcomes)}")
