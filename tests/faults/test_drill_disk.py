"""Drills on three processes, each with a small disk of its own (ext4 on a loop device) that fills up: first nearly, then to
the last byte. Nothing that was acknowledged may be lost, reads go on, and so do writes once there is room.
"""

import pytest

from harness import raw_http
from harness.drill import Drill
from harness.nodes import Place
from harness.waiting import wait_until

DISK_MIB = 160
RESERVE_MIB = 32
MIB = 1024 * 1024
KEY = {"pk": {"S": "before"}}


@pytest.fixture
def disks(small_disks):
    return {number: small_disks(f"disk-{number}", DISK_MIB) for number in (1, 2, 3)}


@pytest.fixture
def nodes(disks, own_nodes, tmp_path):
    return own_nodes([
        Place(disk.folder / "node", tmp_path / f"node-{number}.log", args=["--disk-reserve", str(RESERVE_MIB)])
        for number, disk in disks.items()
    ])


def put(nodes, table, number):
    """What a write through that node answers."""
    host, port = nodes.addresses()[number - 1]
    return raw_http.call(port, "PutItem", {"TableName": table, "Item": KEY})


@pytest.mark.timeout(900)
def test_a_disk_that_is_nearly_full(nodes, disks, checker, long_run, progress):
    """The leader refuses writes while there is still room for what it has accepted."""
    drill = Drill(nodes, checker, "disk-nearly-full", progress)
    with drill.running():
        for _ in range(10 if long_run else 1):
            leader = drill.settled_leader()
            assert put(nodes, drill.table, leader).status == 200
            disks[leader].fill(leave=(RESERVE_MIB - 4) * MIB)
            wait_until(lambda: put(nodes, drill.table, leader).status != 200, "writes are refused")
            refused = put(nodes, drill.table, leader)
            assert refused.status == 503 and int(refused.headers["x-amz-retry-after"]) > 0, refused
            assert disks[leader].free_bytes() > RESERVE_MIB * MIB / 2
            for number in nodes.numbers:
                read = nodes.client(number).get_item(TableName=drill.table, Key=KEY, ConsistentRead=True)
                assert read["Item"] == KEY
            disks[leader].empty()
            wait_until(lambda: put(nodes, drill.table, leader).status == 200, "writes are taken again")
            nodes.check()
            drill.wait_for_progress()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ["leader", "follower"])
def test_a_disk_that_is_full(nodes, disks, checker, long_run, progress, role):
    """Something else takes the last byte: the node cannot keep what it is told. The others go on, and it comes back."""
    drill = Drill(nodes, checker, f"disk-full-{role}", progress, body_bytes=2_000)
    with drill.running():
        for _ in range(10 if long_run else 1):
            leader = drill.settled_leader()
            full = leader if role == "leader" else next(n for n in nodes.numbers if n != leader)
            disks[full].fill(leave=0)
            import time
            time.sleep(15)
            progress(str(nodes.leaders_of(drill.table)) + str(nodes._ended()) + str(drill.writer.failures))
            disks[full].empty()
            time.sleep(5)
