"""A cluster of Stator processes started by hand: for drills that give each node an address, a disk, an environment or a
network of its own, which the launcher (harness/cluster.py) has no flags for.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from harness.cluster import process_runs
from harness.server import BINARY, LOG_TAIL_LINES, _status_bytes, dynamodb_client
from harness.waiting import wait_until

WAIT_DEADLINE_S = 60
ASK_TIMEOUT_S = 1.0
STOP_DEADLINE_S = 20


@dataclasses.dataclass
class Place:
    """Where a node runs, and how."""

    folder: pathlib.Path
    log: pathlib.Path = None  # beside the folder, unless said otherwise
    host: str = "127.0.0.1"
    port: int = 0  # 0: three free ones are chosen
    admin_port: int = 0
    link_port: int = 0
    before: list = dataclasses.field(default_factory=list)  # words before the binary's
    environment: dict = dataclasses.field(default_factory=dict)
    args: list = dataclasses.field(default_factory=list)


class Nodes:
    """Nodes 1 to the number of places. Not thread-safe, but for addresses and clients."""

    def __init__(self, places, *, binary=BINARY, partitions_per_table=1):
        self.places = [self._with_ports(place) for place in places]
        self.binary = str(binary)
        self.partitions_per_table = partitions_per_table
        self.processes = {}
        self.down = set()  # nodes that a test took down; the others are expected to live

    @staticmethod
    def _with_ports(place):
        if place.port:
            return place
        probes = [socket.create_server((place.host, 0)) for _ in range(3)]
        ports = [probe.getsockname()[1] for probe in probes]
        for probe in probes:
            probe.close()
        return dataclasses.replace(place, port=ports[0], admin_port=ports[1], link_port=ports[2])

    # --- processes ---

    def start(self):
        """Starts all, makes one cluster of them, and returns once it is whole."""
        for number in self.numbers:
            self.launch(number)
        peers = ",".join(f"{place.host}:{place.link_port}" for place in self.places)
        done = subprocess.run(
            [*self.places[0].before, self.binary, "cluster", "init", "--peers", peers],
            capture_output=True, text=True, timeout=WAIT_DEADLINE_S,
        )
        assert done.returncode == 0, done.stdout + done.stderr + self.log_tail()
        self.wait_until_whole()

    def command(self, number):
        place = self._place(number)
        others = ",".join(f"{one.host}:{one.link_port}" for one in self.places if one is not place)
        return [
            *place.before, self.binary, "serve", "--host", place.host, "--port", str(place.port),
            "--admin-port", str(place.admin_port), "--data-dir", str(place.folder), "--node-id", str(number),
            "--cluster-addr", f"{place.host}:{place.link_port}", "--join", others, "--zone", f"z{number}",
            "--partitions-per-table", str(self.partitions_per_table), *place.args,
        ]

    def launch(self, number):
        """Starts one and returns at once."""
        place = self._place(number)
        place.folder.mkdir(parents=True, exist_ok=True)
        with open(self._log_path(number), "ab") as log:
            self.processes[number] = subprocess.Popen(
                self.command(number), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=os.environ | place.environment,
            )
        self.down.discard(number)

    def kill(self, *numbers):
        self._end(signal.SIGKILL, numbers)

    def terminate(self, *numbers):
        """SIGTERM, and waits until they have ended. Raises AssertionError where one does not end with 0."""
        self._end(signal.SIGTERM, numbers)
        codes = {number: self.processes[number].returncode for number in numbers}
        assert not any(codes.values()), f"exit codes {codes}\n{self.log_tail()}"

    def _end(self, number_of_signal, numbers):
        self.down.update(numbers)
        for number in numbers:
            self.processes[number].send_signal(number_of_signal)
        for number in numbers:
            self.processes[number].wait(STOP_DEADLINE_S)

    def pause(self, *numbers):
        for number in numbers:
            self.processes[number].send_signal(signal.SIGSTOP)

    def resume(self, *numbers):
        for number in numbers:
            self.processes[number].send_signal(signal.SIGCONT)

    def restart(self, *numbers):
        """Starts again what has ended, and returns once it is ready."""
        for number in numbers:
            self.launch(number)
        wait_until(lambda: all(self.ready(number) for number in numbers) or self._ended(), "the nodes are ready", WAIT_DEADLINE_S)
        self.check()

    def end(self):
        """Whatever state it is in: no process is left. The files stay."""
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()

    # --- what it is made of ---

    @property
    def numbers(self):
        return range(1, len(self.places) + 1)

    def _place(self, number):
        return self.places[number - 1]

    def _log_path(self, number):
        place = self._place(number)
        return place.log or place.folder.with_name(place.folder.name + ".log")

    def addresses(self):
        """(host, port) of each node's API."""
        return [(place.host, place.port) for place in self.places]

    def client(self, number=1, **config):
        place = self._place(number)
        return dynamodb_client(f"http://{place.host}:{place.port}", **config)

    def log(self, number):
        with contextlib.suppress(OSError):
            return self._log_path(number).read_text(errors="replace")
        return ""

    def rss_bytes(self, number):
        return _status_bytes(self.processes[number].pid, "VmRSS")

    # --- looking and waiting ---

    def _ask(self, number, path):
        """(status, body) of the admin port; None where it does not answer."""
        place = self._place(number)
        try:
            with urllib.request.urlopen(f"http://{place.host}:{place.admin_port}{path}", timeout=ASK_TIMEOUT_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return None

    def ready(self, number):
        answer = self._ask(number, "/readyz")
        return answer is not None and answer[0] == 200

    def says(self, number):
        """What one node knows of the cluster; None where it does not answer."""
        answer = self._ask(number, "/cluster")
        return json.loads(answer[1]) if answer and answer[0] == 200 else None

    def metric(self, number, name):
        """The value of one series, by its whole name."""
        answer = self._ask(number, "/metrics")
        assert answer is not None, f"node {number} says nothing\n{self.log_tail()}"
        return next(float(line.rpartition(" ")[2]) for line in answer[1].splitlines() if line.rpartition(" ")[0] == name)

    def _running(self):
        return [number for number in self.numbers if number not in self.down]

    def _ended(self):
        return [number for number in self._running() if not process_runs(self.processes[number].pid)]

    def check(self):
        """Raises AssertionError if a node that nobody took down has ended."""
        ended = self._ended()
        assert not ended, f"nodes {ended} ended by themselves\n{self.log_tail()}"

    def wait_until_whole(self, deadline=WAIT_DEADLINE_S):
        """Every node is ready and knows the leader of each partition, none lags behind."""
        wait_until(lambda: self._ended() or self._is_whole(), "the cluster is whole", deadline)
        self.check()

    def _is_whole(self):
        for number in self.numbers:
            told = self.says(number) if self.ready(number) else None
            if told is None or told["metadata"]["leader"] is None or len(told["nodes"]) != len(self.places):
                return False
            for partition in (one for table in told["tables"] for one in table["partitions"]):
                replicas = min(len(self.places), 3)
                if partition["leader"] is None or len(partition["replicas"]) != replicas or partition.get("lag_entries"):
                    return False
        return True

    def leaders_of(self, table, of=None):
        """For each node asked that answers: the node that it takes for the leader of the table's first partition."""
        said = {}
        for number in of or self._running():
            told = self.says(number)
            for one in told["tables"] if told else []:
                if one["name"] == table and one["partitions"]:
                    said[number] = one["partitions"][0]["leader"]
        return said

    def leader_of(self, table, of=None):
        """The leader of the table's first partition, once all nodes that are asked agree on one."""
        asked = list(of or self._running())
        end = time.monotonic() + WAIT_DEADLINE_S
        while True:
            said = self.leaders_of(table, asked)
            if len(said) == len(asked) and len(set(said.values())) == 1 and said[asked[0]] is not None:
                return said[asked[0]]
            assert time.monotonic() < end, f"no agreement on the leader of {table}: {said}\n{self.log_tail()}"
            time.sleep(0.02)

    def log_tail(self):
        tails = []
        for number in self.numbers:
            lines = self.log(number).splitlines()[-LOG_TAIL_LINES:]
            tails.append(f"--- the end of node {number}'s log ---\n" + "\n".join(lines))
        return "\n".join(tails)
