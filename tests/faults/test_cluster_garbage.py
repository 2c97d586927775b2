"""Garbage on the port where nodes talk to each other: refused, logged, and neither memory nor service suffers."""

import os
import random
import socket
import struct
import time

import pytest

from harness import tables

MIB = 1024 * 1024
MEMORY_ALLOWANCE = 64 * MIB
MAGIC = b"STLK"
HEADER_BYTES = 70
CONNECTIONS = 400
ROUNDS = 30


def header(*, magic=MAGIC, version=1, frame_class=1, kind=0xFF00, flags=0, body_bytes=0):
    """A frame's header (docs/link.md), its checksum wrong: what is checked before it is what is tried here."""
    fields = magic + struct.pack("<BBHHI", version, frame_class, kind, flags, body_bytes)
    return fields + os.urandom(HEADER_BYTES - len(fields))


def hostile(dice):
    """Bytes by name."""
    return {
        "nothing": b"",
        "noise": dice.randbytes(100_000),
        "HTTP": b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        "TLS": bytes.fromhex("16030100fa010000f60303") + dice.randbytes(239),
        "another magic": header(magic=b"STLX") + b"x" * 100,
        "another version": header(version=200),
        "no such class": header(frame_class=200),
        "the longest length": header(body_bytes=2**32 - 1) + b"x" * 100_000,
        "a long length": header(body_bytes=MIB + 1),
        "a whole body with a wrong checksum": header(body_bytes=1000) + b"x" * 1000,
        "a body that never ends": header(body_bytes=MIB) + b"x" * 1000,
        "half a header": header()[:40],
        "unknown flags": header(flags=0xFFFF),
        "a user's frame before the greeting": header(kind=7),
        "a greeting that is none": header(body_bytes=64) + dice.randbytes(64),
    }


def send_and_close(port, data):
    """Sends, reads what comes until the other side closes or half a second passes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.settimeout(0.5)
        try:
            connection.sendall(data)
            while connection.recv(65536):
                pass
        except (ConnectionError, TimeoutError):
            pass


@pytest.fixture
def allowance(request):
    return float("inf") if request.config.getoption("--any-memory") else MEMORY_ALLOWANCE


@pytest.mark.timeout(600)
def test_garbage_between_nodes(own_cluster, allowance, progress):
    cluster = own_cluster()
    table = tables.create(cluster.client())
    cluster.client().put_item(TableName=table, Item={"pk": {"S": "before"}})
    idle = [cluster.rss_bytes(number) for number in cluster.numbers]
    ports = [node["link_port"] for node in cluster.state()["nodes"]]
    dice = random.Random(1)
    peak = list(idle)
    for turn in range(ROUNDS):
        for name, data in hostile(dice).items():
            if turn and name in ("nothing", "a body that never ends", "half a header"):
                continue  # they last as long as the other side's patience
            send_and_close(ports[turn % 3], data)
        cluster.client(1 + turn % 3).put_item(TableName=table, Item={"pk": {"S": f"row-{turn}"}})
        peak = [max(pair) for pair in zip(peak, (cluster.rss_bytes(number) for number in cluster.numbers))]
    progress("resident memory in MiB, idle and at most: "
             + ", ".join(f"{before // MIB}/{most // MIB}" for before, most in zip(idle, peak)))
    cluster.check()
    assert all(most <= before + allowance for before, most in zip(idle, peak))
    assert cluster.wait_until_whole()["tables"]
    assert len(tables.scan_all(cluster.client(2), table, ConsistentRead=True)) == ROUNDS + 1
    assert len(cluster.log(1)) < MIB, "logged, and not without end"


@pytest.mark.timeout(300)
def test_connections_that_say_nothing(own_cluster, allowance):
    """Half-open connections by the hundred neither keep the peers away nor stay for ever."""
    cluster = own_cluster()
    table = tables.create(cluster.client())
    port = cluster.node(1)["link_port"]
    idle = cluster.rss_bytes(1)
    silent = []
    try:
        for _ in range(CONNECTIONS):
            silent.append(socket.create_connection(("127.0.0.1", port), timeout=5))
        # A node that was away gets through to all of them.
        cluster.kill(2)
        cluster.restart(2)
        cluster.wait_until_whole()
        cluster.client(2).put_item(TableName=table, Item={"pk": {"S": "through"}})
        assert cluster.rss_bytes(1) <= idle + allowance
        deadline = time.monotonic() + 30
        for connection in silent:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass
    finally:
        for connection in silent:
            connection.close()
