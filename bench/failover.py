#!/usr/bin/env python3
"""How long a cluster gives no acknowledgement when the leader of a partition is killed.

    deploy/python bench/failover.py --rounds 20

Starts three nodes, a table of one partition, and a steady 200 writes a second by a client without an SDK (200 ms timeout,
nodes in turn, no retries). Each round kills the leader by SIGKILL and restarts it; its figure is the longest time between
two acknowledgements around the kill, and around the restart, after which leaders move again. In the end each node is
asked for everything that was acknowledged.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from harness import tables
from harness.cluster import Cluster
from harness.steady_writer import SteadyWriter

BEFORE_S = 0.5  # of steady writing that a round begins with
AFTER_S = 3.0  # what is looked at after a kill and after a restart


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="kills (default: 20)")
    parser.add_argument("--rate", type=int, default=200, metavar="N", help="writes a second (default: 200)")
    parser.add_argument("--timeout", type=float, default=0.2, metavar="SECONDS", help="of a write (default: 0.2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stator-failover-") as folder:
        cluster = Cluster(pathlib.Path(folder) / "data", args=["--partitions-per-table", "1"])
        try:
            cluster.start()
            kills, restarts, lost = measure(cluster, options.rounds, options.rate, options.timeout, print)
        finally:
            cluster.end()
    print(f"longest gap at a kill     p50 {statistics.median(kills):.3f} s, maximum {max(kills):.3f} s")
    print(f"longest gap at a restart  p50 {statistics.median(restarts):.3f} s, maximum {max(restarts):.3f} s")
    print(f"acknowledged and lost: {len(lost)}")
    return 1 if lost else 0


def measure(cluster, rounds, rate, timeout, say):
    """(gaps at kills, gaps at restarts, keys that were acknowledged and are not there). The cluster is whole afterwards."""
    table = tables.create(cluster.client())
    writer = SteadyWriter(table, cluster.ports(), rate=rate, timeout=timeout)
    kills, restarts = [], []
    cluster.wait_until_whole()
    writer.start()
    try:
        for number in range(1, rounds + 1):
            leader = cluster.leader_of(table)
            time.sleep(BEFORE_S)
            before = dict(writer.failures)
            kills.append(around(writer, lambda: cluster.kill(leader)))
            restarts.append(around(writer, lambda: cluster.restart(leader)))
            cluster.wait_until_whole()
            failed = {how: count - before.get(how, 0) for how, count in writer.failures.items()}
            say(f"round {number}/{rounds}: node {leader} killed, {kills[-1]:.3f} s without an acknowledgement, "
                f"{restarts[-1]:.3f} s at its restart; not acknowledged: {failed}")
    finally:
        writer.finish()
    say(f"{len(writer.acknowledged)} of {writer.sent} writes acknowledged")
    lost = set()
    for number in cluster.numbers:
        found = {item["pk"]["S"] for item in tables.scan_all(cluster.client(number), table, ConsistentRead=True)}
        lost |= writer.keys() - found
    return kills, restarts, lost


def around(writer, event):
    begun = time.monotonic()
    event()
    time.sleep(AFTER_S)
    return writer.longest_gap(begun, time.monotonic())


if __name__ == "__main__":
    sys.exit(main())
