"""A cluster of Stator processes under test: started, watched and stopped by the launcher (`stator cluster`), in a folder of
its own on free ports. What the launcher prints, and the ends of the nodes' logs, are shown where a test fails.
"""

import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import time

from harness.server import BINARY, LOG_TAIL_LINES, _status_bytes, dynamodb_client

COMMAND_DEADLINE_S = 120
WAIT_DEADLINE_S = 60
WAIT_INTERVAL_S = 0.02
# Below the ports that the system gives to outgoing connections, which would take those of a node that is away.
FIRST_PORTS = range(11_000, 29_000, 300)


class CommandFailed(Exception):
    """A command of the launcher ended with an exit code that was not expected."""


class Cluster:
    """One cluster in one folder. Not thread-safe, but for endpoints and clients."""

    def __init__(self, data_dir, *, nodes=3, args=(), binary=BINARY, env=None):
        self.data_dir = pathlib.Path(data_dir)
        self.size = nodes
        self.args = list(args)
        self.binary = str(binary)
        self.env = env
        self.down = set()  # nodes that a test took down; the others are expected to live

    # --- commands ---

    def run(self, *words, code=0):
        """Runs `stator cluster WORDS --data-dir DIR`. Returns what it printed. `code`: what it is to exit with; None: anything."""
        command = [self.binary, "cluster", *[str(word) for word in words], "--data-dir", str(self.data_dir)]
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=COMMAND_DEADLINE_S, env=self.env
        )
        if code is not None and done.returncode != code:
            raise CommandFailed(
                f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}{self.log_tail()}"
            )
        return done

    def start(self, *words):
        """Starts, or resumes. Returns the object that the launcher prints."""
        return json.loads(self.launch(*words).stdout)

    def launch(self, *words, code=0):
        """The same, with the whole outcome of the command."""
        new = not (self.data_dir / "cluster.json").exists()
        where = ["--port", random.choice(FIRST_PORTS)] if new else []
        done = self.run("start", "--nodes", self.size, *where, *self.args, "--output", "json", *words, code=code)
        self.down.clear()
        return done

    def status(self):
        return json.loads(self.run("status", "--output", "json").stdout)

    def kill(self, *nodes):
        """SIGKILL, to all of them at one moment."""
        self.down.update(nodes)
        self.run("kill", *nodes)

    def pause(self, *nodes):
        self.run("pause", *nodes)

    def resume(self, *nodes):
        self.run("resume", *nodes)

    def restart(self, *nodes, code=0):
        """Returns once they are ready, or, without a majority, once they run. `code` 1: they will not get ready in time."""
        self.run("restart", *nodes, code=code)
        self.down.difference_update(nodes)

    def stop(self):
        self.run("stop")

    def add(self, *words):
        """Starts one more node, which joins. Returns its number once it serves."""
        self.run("add", *words)
        self.size += 1
        return self.numbers[-1]

    def decommission(self, number):
        """Returns once the node holds nothing any more, and is stopped. The command's outcome, progress in stderr."""
        done = self.run("decommission", number)
        self.size -= 1
        self.down.discard(number)
        return done

    def rolling_restart(self, env=None):
        """`env`: of the new processes. The command's outcome, progress in stderr."""
        before, self.env = self.env, env or self.env
        try:
            return self.run("rolling-restart")
        finally:
            self.env = before

    # --- what it is made of ---

    def state(self):
        """cluster.json."""
        return json.loads((self.data_dir / "cluster.json").read_text())

    def node(self, number):
        """One node's part of cluster.json."""
        return next(node for node in self.state()["nodes"] if node["id"] == number)

    @property
    def numbers(self):
        """Of the nodes that there are; before the first start, of those that there will be."""
        with contextlib.suppress(OSError):
            return [node["id"] for node in self.state()["nodes"]]
        return range(1, self.size + 1)

    def endpoint(self, number):
        return f"http://127.0.0.1:{self.node(number)['port']}"

    def endpoints(self):
        return [f"http://127.0.0.1:{node['port']}" for node in self.state()["nodes"]]

    def ports(self):
        return [node["port"] for node in self.state()["nodes"]]

    def addresses(self):
        """(host, port) of each node's API."""
        return [("127.0.0.1", port) for port in self.ports()]

    def client(self, number=1, **config):
        return dynamodb_client(self.endpoint(number), **config)

    def node_folder(self, number):
        return self.data_dir / f"node-{number}"

    def log(self, number):
        with contextlib.suppress(OSError):
            return (self.node_folder(number) / "stator.log").read_text(errors="replace")
        return ""

    def rss_bytes(self, number):
        return _status_bytes(self.node(number)["pid"], "VmRSS")

    # --- looking and waiting ---

    def check(self):
        """Raises CommandFailed if a node that nobody took down has ended."""
        for node in self.state()["nodes"]:
            if node["id"] not in self.down and not process_runs(node["pid"]):
                raise CommandFailed(f"node {node['id']} ended by itself\n{self.log_tail()}")

    def wait_for(self, condition, what, deadline=WAIT_DEADLINE_S):
        """Asks condition(status) until it is true; returns that status."""
        end = time.monotonic() + deadline
        while True:
            status = self.status()
            if condition(status):
                return status
            if time.monotonic() > end:
                raise CommandFailed(f"not within {deadline} s: {what}\n{json.dumps(status)}\n{self.log_tail()}")
            time.sleep(WAIT_INTERVAL_S)

    def wait_until_whole(self, deadline=WAIT_DEADLINE_S):
        """Every node is ready, every partition has a leader and as many replicas as it should, none lags behind."""
        return self.wait_for(lambda status: is_whole(status, self.size), "the cluster is whole", deadline)

    def leader_of(self, table):
        """The node that leads the table's first partition, once there is one."""
        status = self.wait_for(lambda s: partitions(s, table) and partitions(s, table)[0]["leader"], f"{table} has a leader")
        return partitions(status, table)[0]["leader"]

    def log_tail(self):
        tails = []
        for number in self.numbers:
            lines = self.log(number).splitlines()[-LOG_TAIL_LINES:]
            tails.append(f"--- the end of node {number}'s log ---\n" + "\n".join(lines))
        return "\n".join(tails)

    def end(self):
        """Whatever state it is in: no process is left. The files stay."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            for node in self.state()["nodes"]:
                if is_ours(node["pid"], self.node_folder(node["id"])):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(node["pid"], signal.SIGKILL)


def partitions(status, table):
    """The partitions of one table in a status."""
    return [partition for one in status["tables"] if one["name"] == table for partition in one["partitions"]]


def is_whole(status, size):
    replicas = min(size, 3)
    return (
        all(node["state"] == "up" and node["ready"] for node in status["nodes"])
        and status["metadata"]["leader"] is not None
        and all(
            partition["leader"] is not None and len(partition["replicas"]) == replicas and partition["lag_entries"] == 0
            for table in status["tables"]
            for partition in table["partitions"]
        )
    )


def process_runs(pid):
    """Neither ended nor a zombie."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in "ZX"


def is_ours(pid, folder):
    """Whether that pid is still the node of that folder."""
    try:
        return str(folder).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
