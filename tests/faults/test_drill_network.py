"""Drills on three processes whose network breaks: each node in a network namespace of its own, rules drop packets between
them. Nothing that was acknowledged may be lost, and porcupine has to find what clients saw linearizable.

Short in CI; tests/run --long has 50 of each.
"""

import pytest

from harness.drill import Drill, percentile
from harness.nodes import Place

PORTS = {"port": 8000, "admin_port": 8100, "link_port": 8200}


@pytest.fixture
def nodes(network, own_nodes, tmp_path):
    return own_nodes([
        Place(tmp_path / f"node-{number}", host=network.host(number), **PORTS, before=network.within(number))
        for number in network.numbers
    ])


def other_than(network, leader):
    return next(number for number in network.numbers if number != leader)


FAULTS = {
    "leader cut off from all": lambda network, leader: network.isolate(leader, from_clients=True),
    "leader cut off from the nodes": lambda network, leader: network.isolate(leader, from_clients=False),
    "leader hears nobody": lambda network, leader: network.deafen(leader),
    "leader is heard by nobody": lambda network, leader: network.mute(leader),
    "leader cut off from one": lambda network, leader: network.cut(leader, other_than(network, leader)),
}


@pytest.mark.timeout(3600)
def test_partitions(nodes, network, checker, long_run, progress):
    drill = Drill(nodes, checker, "partitions", progress)
    with drill.running():
        for _ in range(50 if long_run else 1):
            for what, fault in FAULTS.items():
                leader = drill.settled_leader()
                drill.around(what, lambda: fault(network, leader), 3.0 if long_run else 2.0)
                drill.around("healed", network.heal, 0.5)
                nodes.wait_until_whole()
    if long_run:
        for what in FAULTS:
            assert percentile(drill.gaps[what], 99) <= 2.0, (what, sorted(drill.gaps[what]))


@pytest.mark.timeout(1800)
def test_a_lossy_network(nodes, network, checker, long_run, progress):
    """One packet in ten between the nodes is lost."""
    drill = Drill(nodes, checker, "loss", progress, timeout=2.0)
    with drill.running():
        drill.around("a tenth of the packets lost", lambda: network.lose(10), 120.0 if long_run else 5.0)
        acknowledged = len(drill.writer.acknowledged)
        network.heal()
        nodes.wait_until_whole()
    assert acknowledged > 0
