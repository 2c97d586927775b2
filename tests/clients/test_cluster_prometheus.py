"""Debian's Prometheus on the file that the launcher made: all nodes up, and what they export is well-formed."""

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

DEADLINE_S = 90
INTERVAL_S = 0.2

pytestmark = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")), reason="prometheus is missing: deploy/install test"
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    def __init__(self, configuration, folder):
        self.port = free_port()
        self.log = folder / "prometheus.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'tsdb'}",
                 f"--web.listen-address=127.0.0.1:{self.port}"],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            )

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            return json.load(response)["data"]

    def query(self, expression):
        """{node: value} of an instant query."""
        data = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return {one["metric"]["node"]: float(one["value"][1]) for one in data["result"]}

    def wait_for(self, expression, wanted):
        end = time.monotonic() + DEADLINE_S
        found = None
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            try:
                found = self.query(expression)
                if found == wanted:
                    return
            except OSError as error:
                found = error
            time.sleep(INTERVAL_S)
        pytest.fail(f"{expression} is {found}, not {wanted}\n{self.log.read_text()[-4000:]}")


@pytest.fixture
def prometheus(cluster, tmp_path):
    running = Prometheus(cluster.data_dir / "prometheus.yml", tmp_path)
    yield running
    running.process.terminate()
    running.process.wait(30)


def test_all_nodes_are_up(cluster, prometheus):
    prometheus.wait_for('up{job="stator"}', {"1": 1, "2": 1, "3": 1})
    zones = {one["labels"]["node"]: one["labels"]["zone"] for one in prometheus.get("/api/v1/targets")["activeTargets"]}
    assert zones == {"1": "a", "2": "b", "3": "c"}
    prometheus.wait_for("count by (node) (stator_build_info)", {"1": 1, "2": 1, "3": 1})


def test_a_node_that_is_gone_shows(own_cluster, tmp_path):
    cluster = own_cluster()
    running = Prometheus(cluster.data_dir / "prometheus.yml", tmp_path)
    try:
        running.wait_for('up{job="stator"}', {"1": 1, "2": 1, "3": 1})
        cluster.kill(2)
        running.wait_for('up{job="stator"}', {"1": 1, "2": 0, "3": 1})
        cluster.restart(2)
        running.wait_for('up{job="stator"}', {"1": 1, "2": 1, "3": 1})
    finally:
        running.process.terminate()
        running.process.wait(30)


def test_promtool_has_nothing_to_say_of_the_configuration(cluster):
    checked = subprocess.run(
        ["promtool", "check", "config", cluster.data_dir / "prometheus.yml"], capture_output=True, text=True
    )
    assert checked.returncode == 0 and "SUCCESS" in checked.stdout, checked.stdout + checked.stderr


def test_promtool_has_nothing_to_say_of_the_metrics(cluster):
    for node in cluster.state()["nodes"]:
        with urllib.request.urlopen(f"http://127.0.0.1:{node['admin_port']}/metrics", timeout=10) as response:
            text = response.read()
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
        assert checked.returncode == 0 and not checked.stdout + checked.stderr, (checked.stdout + checked.stderr).decode()
