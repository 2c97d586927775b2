"""Drills on three processes, each with a small disk of its own (ext4 on a loop device) that fills up: first nearly, then to
the last byte. Nothing that was acknowledged may be lost, reads go on, and so do writes once there is room.
"""

import pytest

from harness import raw_http, tables
from harness.drill import Drill
from harness.nodes import Place
from harness.waiting import wait_until

DISK_MIB = 160
RESERVE_MIB = 32
MIB = 1024 * 1024
OUTAGE_MAX_S = 2.0
STORE_FAILED = 3  # the exit code
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
    return raw_http.call(nodes.addresses()[number - 1][1], "PutItem", {"TableName": table, "Item": KEY})


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
    """Something else takes the last byte. The node knows no more what it has written: it ends, and the others go on at once. With
    room again it comes back, and has everything."""
    drill = Drill(nodes, checker, f"disk-full-{role}", progress, body_bytes=1_000)
    with drill.running():
        for _ in range(10 if long_run else 1):
            leader = drill.settled_leader()
            full = leader if role == "leader" else next(n for n in nodes.numbers if n != leader)
            nodes.down.add(full)

            def fills():
                disks[full].fill(leave=0)
                assert nodes.processes[full].wait(30) == STORE_FAILED

            drill.around(f"the {role}'s disk is full", fills, 2.0)
            drill.wait_for_progress()
            assert "No space left" in nodes.log(full)
            disks[full].empty()
            nodes.restart(full)
            nodes.wait_until_whole()
    assert max(drill.gaps[f"the {role}'s disk is full"]) < OUTAGE_MAX_S


def test_a_process_alone_with_a_full_disk_goes_on_reading(small_disks, own_server):
    disk = small_disks("disk", DISK_MIB)
    server = own_server(data_dir=disk.folder / "data", args=["--disk-reserve", "0"])
    client = server.client()
    table = tables.create(client)
    client.put_item(TableName=table, Item=KEY)
    disk.fill(leave=0)

    large = {"TableName": table, "Item": KEY | {"body": {"S": "x" * 100_000}}}
    refused = lambda: raw_http.call(server.port, "PutItem", large).status >= 500
    wait_until(refused, "a write that has no room is refused")
    assert client.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"]["pk"] == KEY["pk"]
    disk.empty()
    server.kill()
    server.start()
    assert client.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"]["pk"] == KEY["pk"]
    client.put_item(TableName=table, Item=KEY)
