#!/usr/bin/env python3
"""How long a cluster gives no acknowledgement when the leader of a partition is killed.

    deploy/python bench/failover.py --rounds 20
    deploy/python bench/failover.py --pause         stopped (SIGSTOP) instead: its connections stay, and say nothing

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
from harness.drill import settled_leader
from harness.steady_writer import SteadyWriter

SETTLED_S = 1.5  # the same leader for so long before it is taken down: leaders move back to a node that came back
AFTER_S = 3.0  # what is looked at after a kill and after a restart


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="kills (default: 20)")
    parser.add_argument("--rate", type=int, default=200, metavar="N", help="writes a second (default: 200)")
    parser.add_argument("--pause", action="store_true", help="SIGSTOP and SIGCONT in place of SIGKILL and a restart")
    parser.add_argument("--timeout", type=float, default=0.2, metavar="SECONDS", help="of a write (default: 0.2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stator-failover-") as folder:
        cluster = Cluster(pathlib.Path(folder) / "data", args=["--partitions-per-table", "1"])
        try:
            cluster.start()
            kills, restarts, lost = measure(cluster, options.rounds, options.rate, options.timeout, print, options.pause)
        finally:
            cluster.end()
    names = ("pause", "resume") if options.pause else ("kill", "restart")
    for name, gaps in zip(names, (kills, restarts)):
        print(f"longest gap at a {name:<7}  p50 {statistics.median(gaps):.3f} s, maximum {max(gaps):.3f} s")
    print(f"acknowledged and lost: {len(lost)}")
    return 1 if lost else 0


def measure(cluster, rounds, rate, timeout, say, pause=False):
    """(gaps at kills, gaps at restarts, keys that were acknowledged and are not there). The cluster is whole afterwards."""
    take_down, bring_back = (cluster.pause, cluster.resume) if pause else (cluster.kill, cluster.restart)
    table = tables.create(cluster.client())
    writer = SteadyWriter(table, cluster.addresses(), rate=rate, timeout=timeout)
    kills, restarts = [], []
    cluster.wait_until_whole()
    writer.start()
    try:
        for number in range(1, rounds + 1):
            leader = settled_leader(cluster, table, SETTLED_S)
            before = dict(writer.failures)
            kills.append(around(writer, lambda: take_down(leader)))
            restarts.append(around(writer, lambda: bring_back(leader)))
            cluster.wait_until_whole()
            failed = {how: count - before.get(how, 0) for how, count in writer.failures.items()}
            say(f"round {number}/{rounds}: node {leader} down: {kills[-1]:.3f} s without an acknowledgement, "
                f"back: {restarts[-1]:.3f} s; not acknowledged: {failed}")
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
