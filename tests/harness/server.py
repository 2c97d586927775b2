"""A Stator process under test: started on free ports, watched, killed or stopped by its own pid.

The binary is $STATOR_BINARY, else build/release/stator. Everything that it prints goes to a log file under
build/test-logs, and whatever fails shows that log's tail.
"""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("STATOR_BINARY", ROOT / "build/release/stator"))
LOGS = ROOT / "build/test-logs"
START_DEADLINE_S = float(os.environ.get("STATOR_START_DEADLINE_S", "30"))
STOP_DEADLINE_S = 20.0
POLL_INTERVAL_S = 0.005
LOG_TAIL_LINES = 40


class ServerDied(Exception):
    """The process ended although nobody asked it to."""


class Server:
    """One process. Not thread-safe, but for the read-only properties."""

    def __init__(self, *, data_dir=None, args=(), binary=BINARY, env=None):
        """`data_dir` None: --in-memory. The ports are picked free at the first start and kept over restarts."""
        self.data_dir = data_dir
        self.args = list(args)
        self.binary = str(binary)
        self.env = env
        self.port = 0
        self.admin_port = 0
        self.process = None
        LOGS.mkdir(parents=True, exist_ok=True)
        descriptor, path = tempfile.mkstemp(prefix="stator-", suffix=".log", dir=LOGS)
        os.close(descriptor)
        self.log_path = pathlib.Path(path)

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def command(self):
        where = ["--data-dir", str(self.data_dir)] if self.data_dir else ["--in-memory"]
        ports = ["--port", str(self.port), "--admin-port", str(self.admin_port)]
        return [self.binary, "serve", "--host", "127.0.0.1", *ports, *where, *self.args]

    def launch(self):
        """Starts the process and returns at once; start() waits until it serves."""
        if not os.access(self.binary, os.X_OK):
            raise FileNotFoundError(f"no server to test: {self.binary} (tests/run builds it; STATOR_BINARY names another)")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=self.env
            )

    def start(self):
        """Returns once it answers on its port, with the seconds that took. Raises ServerDied with the log's tail otherwise."""
        begun = time.monotonic()
        seen = self.log_path.stat().st_size
        self.launch()
        while not self._read_banner(seen) or not self._answers():
            self.check()
            if time.monotonic() - begun > START_DEADLINE_S:
                self.kill()
                raise ServerDied(f"no answer within {START_DEADLINE_S:.0f} s of its start\n{self.log_tail()}")
            time.sleep(POLL_INTERVAL_S)
        return time.monotonic() - begun

    def _read_banner(self, seen):
        text = self.log_path.read_bytes()[seen:].decode(errors="replace")
        endpoint = re.search(r"endpoint.*?http://127\.0\.0\.1:(\d+)", text)
        metrics = re.search(r"metrics.*?http://127\.0\.0\.1:(\d+)", text)
        if not endpoint or not metrics:
            return False
        self.port, self.admin_port = int(endpoint[1]), int(metrics[1])
        return True

    def _answers(self):
        try:
            with urllib.request.urlopen(self.endpoint + "/", timeout=5) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def check(self):
        """Raises ServerDied if the process has ended."""
        if self.process is not None and self.process.poll() is not None:
            raise ServerDied(f"the server ended by itself, {describe_exit(self.process.returncode)}\n{self.log_tail()}")

    def kill(self):
        """SIGKILL: nothing is flushed, nobody is told."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit code. Raises ServerDied where it does not end in time (it is killed then)."""
        if self.process.poll() is not None:
            return self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerDied(f"still running {STOP_DEADLINE_S:.0f} s after SIGTERM\n{self.log_tail()}") from None

    def rss_bytes(self):
        """Resident memory, or None once the process has ended."""
        return _status_bytes(self.pid, "VmRSS")

    def peak_rss_bytes(self):
        """The most it ever had resident since its start."""
        return _status_bytes(self.pid, "VmHWM")

    def log_tail(self):
        lines = self.log_path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return f"--- the end of {self.log_path} ---\n" + "\n".join(lines)

    def client(self, **config):
        return dynamodb_client(self.endpoint, **config)

    def metrics(self):
        """The admin port's /metrics, as text."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=10) as response:
            return response.read().decode()


def _status_bytes(pid, field):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.M)
    return int(found[1]) * 1024 if found else None


def describe_exit(code):
    if code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name}"


def dynamodb_client(endpoint, *, attempts=1, read_timeout=60, connections=64):
    """A boto3 client. One attempt a call unless told, so that a test sees each answer."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            connect_timeout=5,
            read_timeout=read_timeout,
            max_pool_connections=connections,
        ),
    )
