"""A steady stream of PutItem requests to the nodes of a cluster in turn, below any SDK: no retries, a short timeout, and a
clock that does not wait for answers. What it measures is what a client without an SDK would see of a failover.
"""

import asyncio
import json
import threading
import time

from harness.exchanges import Exchanges, NotSent, Unanswered

KEY_DIGITS = 9


class SteadyWriter(threading.Thread):
    """Runs from start() to finish(). `addresses`: (host, port). The table has partition key pk (S) and no sort key."""

    def __init__(self, table, addresses, *, rate=200, timeout=0.2, body_bytes=100):
        super().__init__(name="steady-writer")
        self.table = table
        self.addresses = list(addresses)
        self.rate = rate
        self.timeout = timeout
        self.acknowledged = []  # (moment, key, seconds that it took), in the order of the answers
        self.failures = {}  # what went wrong: how often
        self.sent = 0
        self._body = "x" * body_bytes
        self._done = threading.Event()
        self._exchanges = Exchanges()

    def finish(self):
        self._done.set()
        self.join()

    def keys(self):
        return {key for _, key, _ in self.acknowledged}

    def longest_gap(self, since, until):
        """Seconds without an acknowledgement between two moments; an edge counts as one."""
        moments = [since, *(moment for moment, _, _ in list(self.acknowledged) if since < moment < until), until]
        return max(later - earlier for earlier, later in zip(moments, moments[1:]))

    def latencies(self, since, until):
        """Seconds that the acknowledged writes between two moments took."""
        return [seconds for moment, _, seconds in list(self.acknowledged) if since < moment < until]

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
        self._exchanges.close()

    async def _put(self, number):
        address = self.addresses[number % len(self.addresses)]
        key = f"{number:0{KEY_DIGITS}}"
        body = json.dumps({"TableName": self.table, "Item": {"pk": {"S": key}, "body": {"S": self._body}}})
        begun = time.monotonic()
        try:
            status, _ = await self._exchanges.call(address, "PutItem", body, self.timeout)
        except (NotSent, Unanswered) as error:
            return self._failed(str(error))
        if status != 200:
            return self._failed(f"status {status}")
        now = time.monotonic()
        self.acknowledged.append((now, key, now - begun))

    def _failed(self, how):
        self.failures[how] = self.failures.get(how, 0) + 1
