"""A steady stream of PutItem requests to the nodes of a cluster in turn, below any SDK: no retries, a short timeout, and a
clock that does not wait for answers. What it measures is what a client without an SDK would see of a failover.
"""

import asyncio
import json
import threading
import time

from harness.raw_http import request_bytes

CONNECTIONS_KEPT = 16  # a node
KEY_DIGITS = 9


class SteadyWriter(threading.Thread):
    """Runs from start() to finish(). The table has partition key pk (S) and no sort key."""

    def __init__(self, table, ports, *, rate=200, timeout=0.2):
        super().__init__(name="steady-writer")
        self.table = table
        self.ports = list(ports)
        self.rate = rate
        self.timeout = timeout
        self.acknowledged = []  # (moment, key), in the order of the answers
        self.failures = {}  # what went wrong: how often
        self.sent = 0
        self._done = threading.Event()
        self._idle = {port: [] for port in self.ports}

    def finish(self):
        self._done.set()
        self.join()

    def keys(self):
        return {key for _, key in self.acknowledged}

    def longest_gap(self, since, until):
        """Seconds without an acknowledgement between two moments; an edge counts as one."""
        moments = [since, *(moment for moment, _ in list(self.acknowledged) if since < moment < until), until]
        return max(later - earlier for earlier, later in zip(moments, moments[1:]))

    def run(self):
        asyncio.run(self._write())

    async def _write(self):
        begun, running = time.monotonic(), set()
        while not self._done.is_set():
            task = asyncio.create_task(self._put(self.sent))
            running.add(task)
            task.add_done_callback(running.discard)
            self.sent += 1
            await asyncio.sleep(max(0, begun + self.sent / self.rate - time.monotonic()))
        await asyncio.gather(*running)
        for idle in self._idle.values():
            for _, writer in idle:
                writer.close()

    async def _put(self, number):
        port = self.ports[number % len(self.ports)]
        key = f"{number:0{KEY_DIGITS}}"
        try:
            status = await asyncio.wait_for(self._exchange(port, key), self.timeout)
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            return self._failed(type(error).__name__)
        if status != 200:
            return self._failed(f"status {status}")
        self.acknowledged.append((time.monotonic(), key))

    def _failed(self, how):
        self.failures[how] = self.failures.get(how, 0) + 1

    async def _exchange(self, port, key):
        idle = self._idle[port]
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        whole = False
        try:
            body = {"TableName": self.table, "Item": {"pk": {"S": key}, "body": {"S": "x" * 100}}}
            writer.write(request_bytes("PutItem", json.dumps(body)))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0])
            await reader.readexactly(length)
            whole = True
        finally:
            if whole and len(idle) < CONNECTIONS_KEPT and "connection: close" not in head:
                idle.append((reader, writer))
            else:
                writer.close()
        return int(head.split()[1])
