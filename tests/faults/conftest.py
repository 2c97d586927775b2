"""Fixtures of the fault tests: porcupine, nodes by hand, networks and disks of their own."""

import pytest

from harness import networks, small_disk
from harness.linearizability import Checker
from harness.nodes import Nodes
from harness.small_disk import SmallDisk


@pytest.fixture(scope="session")
def checker():
    return Checker()


@pytest.fixture
def own_nodes(request):
    """Makes clusters by hand: own_nodes(places, ...), started; no process is left after the test."""
    made = []
    request.node.stator_servers = made

    def make(places, **options):
        one = Nodes(places, **options)
        made.append(one)
        one.start()
        return one

    yield make
    for one in made:
        one.end()


@pytest.fixture
def network():
    """Three nodes' network. Set up before own_nodes, so that its processes are gone first."""
    why_not = networks.why_not()
    if why_not:
        pytest.skip(why_not)
    one = networks.Network()
    yield one
    one.close()


@pytest.fixture
def small_disks(tmp_path):
    """Mounts disks: small_disks(name, megabytes). Set up before own_nodes, as the network."""
    why_not = small_disk.why_not()
    if why_not:
        pytest.skip(why_not)
    made = []

    def make(name, megabytes):
        made.append(SmallDisk(tmp_path / name, megabytes))
        return made[-1]

    yield make
    for one in made:
        one.close()
