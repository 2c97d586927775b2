"""The launcher: `stator cluster` as a user sees it, from the first start to the purge."""

import json
import os
import signal
import socket
import subprocess
import time

import boto3
import pytest

from harness import raw_http, tables
from harness.cluster import FIRST_PORTS, process_runs
from harness.server import BINARY, Server
from harness.waiting import wait_until

DEADLINE_S = 60


def states(status):
    return [node["state"] for node in status["nodes"]]


def pids(cluster):
    return [node["pid"] for node in cluster.state()["nodes"]]


def test_start_prints_one_object_and_serves(own_cluster, progress):
    cluster = own_cluster(start=False)
    begun = time.monotonic()
    started = cluster.launch()
    progress(f"three nodes after {time.monotonic() - begun:.2f} s; {started.stderr.strip().splitlines()[-1]}")
    assert len(started.stdout.splitlines()) == 1, "one object on stdout, all else on stderr"
    told = json.loads(started.stdout)
    assert [node["id"] for node in told["nodes"]] == [1, 2, 3]
    assert states(told) == ["up"] * 3
    assert [node["zone"] for node in told["nodes"]] == ["a", "b", "c"]
    assert told["metadata"]["leader"] in (1, 2, 3)
    assert told["tables"] == []
    for node in told["nodes"]:
        assert process_runs(node["pid"])
        port, admin = (int(node[name].rpartition(":")[2]) for name in ("endpoint", "admin"))
        assert admin == port + 100 and int(node["link"].rpartition(":")[2]) == port + 200
        assert raw_http.call(port, "ListTables", {}).status == 200
        assert raw_http.request(admin, "GET", "/readyz", None, {}).status == 200
    cluster.stop()
    assert states(cluster.status()) == ["down"] * 3


def test_the_banners_lines_are_all_an_sdk_needs(own_cluster, monkeypatch):
    cluster = own_cluster(start=False)
    told = cluster.run("start", "--port", FIRST_PORTS[7])
    exported = {}
    for line in told.stdout.splitlines():
        words = line.split()
        if words[:1] == ["export"]:
            exported.update(word.split("=", 1) for word in words[1:])
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    assert "TableNames" in boto3.client("dynamodb").list_tables()
    pasted = [line.split() for line in told.stdout.splitlines() if " cluster status " in line]
    assert subprocess.run(pasted[0], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def test_kill_pause_resume_restart_show(own_cluster):
    cluster = own_cluster()
    before = pids(cluster)
    cluster.kill(2)
    assert states(cluster.status()) == ["up", "down", "up"]
    assert cluster.status()["nodes"][1]["pid"] is None
    cluster.pause(3)
    assert states(cluster.status()) == ["up", "down", "paused"]
    cluster.resume(3)
    cluster.restart(2)
    assert states(cluster.status()) == ["up"] * 3
    after = pids(cluster)
    assert (after[0], after[2]) == (before[0], before[2]) and after[1] != before[1]
    # A node that runs is stopped, cleanly, and started again.
    cluster.restart(1)
    assert pids(cluster)[0] != before[0] and not process_runs(before[0])
    cluster.wait_until_whole()
    text = cluster.run("status").stdout
    assert "node" in text and "metadata  leader" in text and cluster.endpoint(3) in text


def test_a_stopped_cluster_is_resumed(own_cluster):
    cluster = own_cluster()
    table = tables.create(cluster.client(1))
    cluster.client(2).put_item(TableName=table, Item={"pk": {"S": "kept"}})
    ports, before = cluster.ports(), pids(cluster)
    cluster.stop()
    assert not any(process_runs(pid) for pid in before)
    told = cluster.start()
    assert cluster.ports() == ports and not set(pids(cluster)) & set(before)
    assert [one["name"] for one in told["tables"]] == [table]
    assert "Item" in cluster.client(3).get_item(TableName=table, Key={"pk": {"S": "kept"}}, ConsistentRead=True)


def test_start_leaves_nodes_that_run_alone(own_cluster):
    cluster = own_cluster()
    before = pids(cluster)
    cluster.kill(1)
    cluster.start()
    after = pids(cluster)
    assert after[0] != before[0] and after[1:] == before[1:]
    again = cluster.launch()
    assert pids(cluster) == after
    assert "runs already" in again.stderr


def test_two_clusters_side_by_side(own_cluster):
    one, other = own_cluster("one"), own_cluster("other", start=False)
    # The same first port: the second cluster finds others.
    other.run("start", "--port", one.ports()[0], "--output", "json")
    assert not set(one.ports()) & set(other.ports())
    table = tables.create(one.client())
    assert other.client().list_tables()["TableNames"] == []
    other.kill(1, 2, 3)
    one.client(2).put_item(TableName=table, Item={"pk": {"S": "unhurt"}})
    other.run("purge")
    assert states(one.status()) == ["up"] * 3


def test_a_node_whose_port_is_taken_meanwhile_gets_another(own_cluster):
    cluster = own_cluster()
    table = tables.create(cluster.client(1))
    cluster.stop()
    before = cluster.ports()
    with socket.create_server(("127.0.0.1", before[1])):
        cluster.start()
        after = cluster.ports()
        assert (after[0], after[2]) == (before[0], before[2]) and after[1] != before[1]
        for number in cluster.numbers:
            cluster.client(number).put_item(TableName=table, Item={"pk": {"S": str(number)}})


def test_a_cluster_of_one(own_cluster):
    cluster = own_cluster(nodes=1)
    table = tables.create(cluster.client())
    status = cluster.status()
    assert states(status) == ["up"]
    assert [one["name"] for one in status["tables"]] == [table]
    assert status["nodes"][0]["leaders"] == len(status["tables"][0]["partitions"])
    cluster.kill(1)
    cluster.restart(1)
    assert cluster.client().list_tables()["TableNames"] == [table]
    cluster.stop()


def test_logs(own_cluster):
    cluster = own_cluster(nodes=1)
    log = cluster.node_folder(1) / "stator.log"
    with log.open("a") as file:
        file.write("one\ntwo\n")
    assert cluster.run("logs", 1, "-n", 2).stdout == "one\ntwo\n"
    assert cluster.run("logs", 1).stdout == "".join(log.read_text().splitlines(True)[-100:])
    following = subprocess.Popen(
        [BINARY, "cluster", "logs", "1", "-f", "-n", "1", "--data-dir", cluster.data_dir], stdout=subprocess.PIPE, text=True
    )
    try:
        assert following.stdout.readline() == "two\n"
        with log.open("a") as file:
            file.write("three\n")
        assert following.stdout.readline() == "three\n"
    finally:
        following.kill()
        following.wait()


def test_purge_deletes_what_is_ours(own_cluster):
    cluster = own_cluster()
    before = pids(cluster)
    (cluster.data_dir / "notes").write_text("the user's")
    cluster.run("purge")
    assert not any(process_runs(pid) for pid in before)
    assert os.listdir(cluster.data_dir) == ["notes"]
    refused = cluster.run("purge", code=1)
    assert "no cluster" in refused.stderr and str(cluster.data_dir) in refused.stderr
    assert os.listdir(cluster.data_dir) == ["notes"]


@pytest.mark.parametrize("words, named", [
    (["start", "--nodes", "2"], "majority"),
    (["start", "--nodes", "12"], "nodes"),
    (["start", "--zones", "5", "--nodes", "3"], "zones"),
    (["status"], "no cluster"),
    (["kill", "1"], "no cluster"),
    (["kill"], "number of a node"),
    (["launch"], "launch"),
])
def test_what_cannot_be_done_is_refused_in_a_line(own_cluster, words, named):
    cluster = own_cluster(start=False)
    refused = cluster.run(*words, code=None)
    assert refused.returncode != 0 and refused.stdout == ""
    assert named in refused.stderr and len(refused.stderr.splitlines()) == 1
    assert not cluster.data_dir.exists(), "nothing is left of it"


def test_what_does_not_fit_the_folder_is_refused(own_cluster, tmp_path):
    cluster = own_cluster(nodes=1)
    for words, named in ((["start", "--nodes", "3"], "--nodes 1"), (["kill", "2"], "node 2")):
        refused = cluster.run(*words, code=1)
        assert named in refused.stderr and len(refused.stderr.splitlines()) == 1
    server = Server(data_dir=tmp_path / "single")
    server.start()
    assert server.stop() == 0
    refused = subprocess.run(
        [BINARY, "cluster", "start", "--data-dir", tmp_path / "single"], capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert refused.returncode == 1 and "single process" in refused.stderr


def test_without_a_quorum_nothing_is_left_running(own_cluster):
    """Two of three nodes cannot start: their last lines and logs are shown, and the third is not left alone."""
    cluster = own_cluster(start=False)
    for number in (1, 3):
        cluster.node_folder(number).mkdir(parents=True)
        (cluster.node_folder(number) / "foreign").write_text("no data folder")
    failed = cluster.launch(code=1)
    assert failed.stdout == ""
    for number in (1, 3):
        assert f"node {number} " in failed.stderr and f"node-{number}/stator.log" in failed.stderr
    assert "no data folder of Stator" in failed.stderr and "quorum" in failed.stderr
    assert not any(process_runs(pid) for pid in pids(cluster))


class Foreground:
    """`start --foreground`, with what it prints."""

    def __init__(self, cluster):
        command = [BINARY, "cluster", "start", "--foreground", "--port", str(FIRST_PORTS[11]), "--data-dir", cluster.data_dir]
        self.output = cluster.data_dir.with_suffix(".output")
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            self.wait_for("Ctrl-C stops them")
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise

    def printed(self):
        return self.output.read_text()

    def wait_for(self, text):
        wait_until(lambda: text in self.printed() or self.process.poll() is not None, f"{text!r} is printed", DEADLINE_S)
        assert text in self.printed(), self.printed()

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


def test_foreground_tells_what_happens_and_stops_at_ctrl_c(own_cluster):
    cluster = own_cluster(start=False)
    foreground = Foreground(cluster)
    cluster.kill(2)
    foreground.wait_for("signal 9")
    foreground.wait_for(f"{cluster.node_folder(2)}/stator.log")
    assert cluster.client(1).list_tables()["TableNames"] == [], "the rest serves"
    cluster.restart(2)
    foreground.wait_for("started again")
    before = pids(cluster)
    assert foreground.end() == 0, foreground.printed()
    assert not any(process_runs(pid) for pid in before)
    assert "SIGKILL" not in foreground.printed()
    for number in cluster.numbers:
        assert "stopped" in cluster.log(number).splitlines()[-1], "each node stopped cleanly"


def test_a_second_ctrl_c_ends_at_once(own_cluster):
    cluster = own_cluster(start=False)
    foreground = Foreground(cluster)
    before = pids(cluster)
    for pid in before:  # so that none of them ends by itself before the second one
        os.kill(pid, signal.SIGSTOP)
    foreground.process.send_signal(signal.SIGINT)
    foreground.wait_for("again")
    assert foreground.end() == 0
    assert not any(process_runs(pid) for pid in before)


def test_a_foreground_launcher_ends_when_another_command_stops_the_cluster(own_cluster):
    cluster = own_cluster(start=False)
    foreground = Foreground(cluster)
    cluster.stop()
    assert foreground.process.wait(DEADLINE_S) == 0
