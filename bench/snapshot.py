#!/usr/bin/env python3
"""A node that lost its folder gets everything back by snapshot while writes go on: memory, and time.

    deploy/python bench/snapshot.py                  2 GB; needs some 12 GB of disk under --folder
    deploy/python bench/snapshot.py --megabytes 200  a quick look

Starts three nodes and a table, writes items of 16 KB, removes the folder of one node and starts it again. It comes back
under a new incarnation, so each of its replicas comes over the link as a snapshot, one at a time. Meanwhile a client goes on
writing through the other two. In the end another node is killed, so that the majority needs the one that came back, and that one
is asked for every item by strong reads.
"""

import argparse
import functools
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from harness import tables
from harness.cluster import Cluster, is_whole
from harness.steady_writer import SteadyWriter

MIB = 1024 * 1024
ITEM_BYTES = 16 * 1024
LOADERS = 4
LOST = 3  # the node that loses its folder
BOUND = 64 * MIB
CATCH_UP_DEADLINE_S = 1800
SAMPLE_S = 0.1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=2000, metavar="N", help="to be loaded (default: 2000)")
    parser.add_argument("--rate", type=int, default=100, metavar="N", help="writes a second meanwhile (default: 100)")
    parser.add_argument("--partitions", type=int, default=1, metavar="N", help="of the table (default: 1)")
    parser.add_argument("--folder", help="where the data goes (default: the system's temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stator-snapshot-", dir=options.folder) as folder:
        cluster = Cluster(pathlib.Path(folder) / "data", args=["--partitions-per-table", str(options.partitions)])
        try:
            cluster.start()
            return 0 if measure(cluster, options.megabytes, options.rate, functools.partial(print, flush=True)) else 1
        finally:
            cluster.end()


def measure(cluster, megabytes, rate, say):
    """Whether it held: everything there, and no node grew by more than BOUND while the snapshot went."""
    table = tables.create(cluster.client())
    items = megabytes * 1_000_000 // ITEM_BYTES
    begun = time.monotonic()
    load(cluster, table, items)
    say(f"{items} items of {ITEM_BYTES} bytes loaded in {time.monotonic() - begun:.0f} s")
    cluster.wait_until_whole(CATCH_UP_DEADLINE_S)
    usual = anonymous_bytes(cluster.node(LOST)["pid"])
    cluster.kill(LOST)
    shutil.rmtree(cluster.node_folder(LOST))
    writer = SteadyWriter(table, [cluster.addresses()[n - 1] for n in cluster.numbers if n != LOST], rate=rate, timeout=2.0)
    writer.start()
    time.sleep(2)  # writes go on, and what they need is warm, before memory is compared
    watch = Watch(cluster, usual)
    begun = time.monotonic()
    try:
        cluster.restart(LOST)
        cluster.wait_for(lambda status: is_whole(status, cluster.size) and holds_replicas(status), "the node has all",
                         CATCH_UP_DEADLINE_S)
        took = time.monotonic() - begun
    finally:
        watch.finish()
        writer.finish()
    say(f"whole again after {took:.1f} s ({megabytes / took:.0f} MB/s); {len(writer.acknowledged)} of {writer.sent} writes "
        f"acknowledged meanwhile, longest gap {writer.longest_gap(begun, begun + took):.2f} s")
    grown = watch.report(say)
    missing = look(cluster, table, items, writer, say)
    say(f"missing on node {LOST}: {missing}; grown at most by {grown / MIB:.1f} MiB (bound {BOUND // MIB})")
    return missing == 0 and grown <= BOUND


def load(cluster, table, items):
    def part(first):
        client = cluster.client(first % cluster.size + 1)
        tables.put_many(client, table, ({"pk": {"S": f"{n:08}"}, "f": {"S": filler(n)}} for n in range(first, items, LOADERS)))

    threads = [threading.Thread(target=part, args=(first,)) for first in range(LOADERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def filler(number):
    """Text that compresses to half at best: tables stay large."""
    return random.Random(number).randbytes(ITEM_BYTES // 2).hex()[: ITEM_BYTES - 32]


def holds_replicas(status):
    """The node has a replica of every partition, among the members."""
    return all(LOST in partition["replicas"] for one in status["tables"] for partition in one["partitions"])


class Watch:
    """Samples the memory of all nodes until finish()."""

    def __init__(self, cluster, lost_before):
        self.pids = {number: cluster.node(number)["pid"] for number in cluster.numbers if number != LOST}
        self.cluster = cluster
        self.before = {number: anonymous_bytes(pid) for number, pid in self.pids.items()}
        self.before[LOST] = lost_before  # as it was after the load, before it lost everything
        self.most = dict(self.before)
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.done.wait(SAMPLE_S):
            self.pids[LOST] = self.cluster.node(LOST)["pid"]
            for number, pid in self.pids.items():
                now = anonymous_bytes(pid)
                self.most[number] = max(self.most[number], now)

    def finish(self):
        self.done.set()
        self.thread.join()

    def report(self, say):
        for number in sorted(self.most):
            what = "lost its folder" if number == LOST else "sends or leads"
            say(f"node {number} ({what}): RSS {self.before[number] / MIB:.1f} MiB before, {self.most[number] / MIB:.1f} MiB at most")
        return max(self.most[number] - self.before[number] for number in self.most)


def anonymous_bytes(pid):
    """Tables are mapped files, which the kernel may drop: what counts is the rest."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def look(cluster, table, items, writer, say):
    """How many of all acknowledged items strong reads through the node that came back do not find."""
    cluster.wait_until_whole()
    wanted = {f"{n:08}" for n in range(items)} | set(writer.keys())
    cluster.kill(1)
    found = set()
    pages = cluster.client(LOST).get_paginator("scan").paginate(TableName=table, ConsistentRead=True, ProjectionExpression="pk")
    for page in pages:
        found |= {item["pk"]["S"] for item in page["Items"]}
    cluster.restart(1)
    say(f"{len(found)} items found by strong reads through node {LOST} while node 1 was down")
    return len(wanted - found)


if __name__ == "__main__":
    sys.exit(main())
