"""A drill: a cluster under load while something is done to it. A steady writer tells how long nobody could write; register
clients keep a history; in the end everything acknowledged has to be there and porcupine has to find the history
linearizable.
"""

import contextlib
import math
import time

from harness import tables
from harness.register_clients import HASTY_S, RegisterClients
from harness.steady_writer import SteadyWriter
from harness.waiting import wait_until

SETTLED_S = 0.6  # the same leader for so long: leaders move back to a node that came back
LOOK_S = 0.05
PROGRESS_DEADLINE_S = 60


class Drill:
    """A cluster (harness.cluster.Cluster or harness.nodes.Nodes) of tables with one partition, a table in it, and the load."""

    def __init__(self, cluster, checker, name, say, *, rate=100, timeout=0.2, body_bytes=100, clients=8, hasty=HASTY_S):
        self.cluster = cluster
        self.checker = checker
        self.name = name
        self.say = say
        self.gaps = {}  # what was done: [longest time without an acknowledgement]
        self.table = tables.create(cluster.client())
        cluster.wait_until_whole()
        self.writer = SteadyWriter(
            self.table, cluster.addresses(), rate=rate, timeout=timeout, body_bytes=body_bytes
        )
        self.registers = RegisterClients(self.table, cluster.addresses(), clients=clients, hasty=hasty)

    @contextlib.contextmanager
    def running(self):
        """Load from here to the end of the block; then all checks, if the block came to its end."""
        self.writer.start()
        self.registers.start()
        try:
            self.wait_for_progress()
            yield self
            self.cluster.wait_until_whole()
            self.wait_for_progress()
        finally:
            self.writer.finish()
            self.registers.stop()
        self.verify()

    def wait_for_progress(self, acknowledgements=20):
        """Until writes are acknowledged, however long that takes."""
        goal = len(self.writer.acknowledged) + acknowledgements
        wait_until(lambda: len(self.writer.acknowledged) >= goal or not self.alive(), "writes go on", PROGRESS_DEADLINE_S)
        self.check()

    def alive(self):
        return self.registers.is_alive() and self.writer.is_alive()

    def check(self):
        self.cluster.check()
        if self.registers.wrong:
            raise self.registers.wrong
        assert self.alive(), "the load has ended"

    def settled_leader(self, settled=SETTLED_S):
        return settled_leader(self.cluster, self.table, settled)

    def around(self, what, event, seconds):
        """Does it, looks on for so long, and returns the longest time without an acknowledgement since it began."""
        begun = time.monotonic()
        event()
        time.sleep(max(0, begun + seconds - time.monotonic()))
        gap = self.writer.longest_gap(begun, time.monotonic())
        self.gaps.setdefault(what, []).append(gap)
        self.check()
        return gap

    def verify(self):
        """Nothing acknowledged is lost, what was seen is linearizable. The cluster has to be whole."""
        history = self.registers.finish()
        for what, gaps in self.gaps.items():
            self.say(f"{what}: {len(gaps)} times, longest time without an acknowledgement p50 {percentile(gaps, 50):.3f} s, "
                     f"p99 {percentile(gaps, 99):.3f} s")
        for number in self.cluster.numbers:
            found = {
                item["pk"]["S"]
                for item in tables.scan_all(self.cluster.client(number), self.table, ConsistentRead=True)
            }
            lost = self.writer.keys() - found
            assert not lost, f"{len(lost)} acknowledged items are not on node {number}: {sorted(lost)[:5]}"
        verdict = self.checker.check(history, self.name)
        self.say(f"nothing lost of {len(self.writer.acknowledged)} acknowledged writes (of {self.writer.sent}; "
                 f"{self.writer.failures}); linearizable: {verdict['operations']} operations on {verdict['keys']} items, "
                 f"{verdict['maybe']} of unknown outcome, decided in {verdict['seconds']:.1f} s")
        return verdict


def settled_leader(cluster, table, settled=SETTLED_S):
    """The leader of the table's partition, once it has been the same for a while."""
    leader, since = cluster.leader_of(table), time.monotonic()
    while time.monotonic() - since < settled:
        time.sleep(LOOK_S)
        now = cluster.leader_of(table)
        if now != leader:
            leader, since = now, time.monotonic()
    return leader


def percentile(values, percent):
    """The smallest of the values that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
