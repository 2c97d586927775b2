"""A cluster by hand: `stator serve` with an address for the others, and one `stator cluster init`."""

import json
import socket
import subprocess
import time

import pytest

from harness import raw_http, tables
from harness.server import BINARY, Server

DEADLINE_S = 60


def free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture
def serve(request, tmp_path):
    """Starts nodes: serve(their links' ports, their numbers), all told of all links."""
    started = []
    request.node.stator_servers = started

    def start(links, numbers):
        join = ",".join(f"127.0.0.1:{port}" for port in links)
        for link, number in zip(links, numbers):
            args = ["--node-id", str(number), "--cluster-addr", f"127.0.0.1:{link}", "--join", join, "--zone", f"z{number}"]
            one = Server(data_dir=tmp_path / f"data-{link}", args=args)
            started.append(one)
            one.start()
        return list(started)

    yield start
    for one in started:
        if one.alive():
            one.kill()


def init(links):
    peers = ",".join(f"127.0.0.1:{port}" for port in links)
    return subprocess.run(
        [BINARY, "cluster", "init", "--peers", peers], capture_output=True, text=True, timeout=DEADLINE_S
    )


def ready(server):
    return raw_http.request(server.admin_port, "GET", "/readyz", None, {}).status == 200


def wait_until_ready(servers):
    end = time.monotonic() + DEADLINE_S
    while not all(ready(server) for server in servers):
        for server in servers:
            server.check()
        assert time.monotonic() < end, "the nodes are not ready"
        time.sleep(0.02)


def test_nodes_wait_until_they_are_made_a_cluster_once(serve):
    links = free_ports(3)
    servers = serve(links, [1, 2, 3])
    assert not any(ready(server) for server in servers)
    done = init(links)
    assert done.returncode == 0 and "is initialised" in done.stdout, done.stdout + done.stderr
    wait_until_ready(servers)
    table = tables.create(servers[0].client())
    servers[1].client().put_item(TableName=table, Item={"pk": {"S": "x"}})
    assert "Item" in servers[2].client().get_item(TableName=table, Key={"pk": {"S": "x"}}, ConsistentRead=True)

    again = init(links)
    assert again.returncode == 0 and "already initialised" in again.stdout
    told = json.loads(raw_http.request(servers[0].admin_port, "GET", "/cluster", None, {}).body)
    assert told["cluster_id"] in done.stdout and told["cluster_id"] in again.stdout
    assert {node["id"]: node["zone"] for node in told["nodes"]} == {1: "z1", 2: "z2", 3: "z3"}

    # Nobody has to be told again after a restart.
    for server in servers:
        assert server.stop() == 0
    for server in servers:
        server.launch()
    wait_until_listening(servers)
    wait_until_ready(servers)
    assert "Item" in servers[0].client().get_item(TableName=table, Key={"pk": {"S": "x"}}, ConsistentRead=True)


def wait_until_listening(servers):
    end = time.monotonic() + DEADLINE_S
    for server in servers:
        while True:
            server.check()
            try:
                socket.create_connection(("127.0.0.1", server.admin_port), timeout=5).close()
                break
            except ConnectionRefusedError:
                assert time.monotonic() < end, "no admin port"
                time.sleep(0.02)


def test_several_clusters_are_not_made_one(serve):
    links = free_ports(3)
    servers = serve(links, [1, 2, 3])
    for link in links:
        assert init([link]).returncode == 0
    wait_until_ready(servers)
    refused = init(links)
    assert refused.returncode == 1 and "two clusters cannot be made one" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_two_nodes_of_one_number_are_refused(serve):
    links = free_ports(3)
    servers = serve(links, [1, 2, 1])
    refused = init(links)
    assert refused.returncode == 1 and "are both node 1" in refused.stderr
    assert not any(ready(server) for server in servers)
