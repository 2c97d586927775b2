"""DynamoDB Local as a process: its libraries are put into build/dynamodb-local by deploy/dynamodb_local."""

import pathlib
import socket
import subprocess
import time

from harness.server import LOGS, ROOT

LIBRARIES = ROOT / "build/dynamodb-local"
START_DEADLINE_S = 60


class Local:
    """One process, in memory, on a free port."""

    def __init__(self, libraries=LIBRARIES):
        self.libraries = pathlib.Path(libraries)
        self.port = 0
        self._process = None

    def start(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        LOGS.mkdir(parents=True, exist_ok=True)
        main = "software.amazon.dynamodb.services.local.main.ServerRunner"
        command = ["java", f"-Djava.library.path={self.libraries}", "-cp", f"{self.libraries}/*", main,
                   "-disableTelemetry", "-inMemory", "-sharedDb", "-port", str(self.port)]  # fmt: skip
        with open(LOGS / "dynamodb-local.log", "wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_DEADLINE_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"DynamoDB Local does not start: see {LOGS / 'dynamodb-local.log'}")
            time.sleep(0.1)
        return self

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
