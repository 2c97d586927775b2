"""HTTP below an SDK, many at once on one thread: connections that are kept, a deadline for each exchange, and for what
fails whether the server may have seen it.
"""

import asyncio

from harness.raw_http import request_bytes

CONNECTIONS_KEPT = 16  # an address


class NotSent(Exception):
    """No connection was made: whatever was asked for did not happen."""


class Unanswered(Exception):
    """It was sent, at least in part, and no whole answer came: it may have happened."""


class Exchanges:
    """Of one event loop. An address is (host, port)."""

    def __init__(self):
        self._idle = {}

    async def call(self, address, operation, body, timeout, **headers):
        """POSTs one operation. Returns (status, body as bytes). Raises NotSent or Unanswered, whose text says why."""
        end = asyncio.get_running_loop().time() + timeout
        reader, writer = await self._connect(address, timeout)
        try:
            async with asyncio.timeout_at(end):
                writer.write(request_bytes(operation, body, **headers))
                status, keeps, answer = await read_answer(reader)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            writer.close()
            raise Unanswered(type(error).__name__) from None
        except BaseException:
            writer.close()
            raise
        idle = self._idle.setdefault(address, [])
        if keeps and len(idle) < CONNECTIONS_KEPT:
            idle.append((reader, writer))
        else:
            writer.close()
        return status, answer

    async def _connect(self, address, timeout):
        idle = self._idle.get(address, [])
        while idle:
            reader, writer = idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.open_connection(*address)
        except (OSError, asyncio.TimeoutError) as error:
            raise NotSent(type(error).__name__) from None

    def close(self):
        for idle in self._idle.values():
            for _, writer in idle:
                writer.close()
        self._idle.clear()


async def read_answer(reader):
    """(status, whether the connection may be kept, body)."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    return int(head.split()[1]), "connection: close" not in head, await reader.readexactly(length)
