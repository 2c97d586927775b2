"""Calls over one kept connection, with bodies that no SDK would let through."""

import http.client
import json
import time

from harness import raw_http


class Answer:
    """What a server said: HTTP status and JSON body. `error` is the error's name, or None."""

    def __init__(self, status, body):
        self.status = status
        self.body = body
        named = body.get("__type") if isinstance(body, dict) else None
        self.error = named.rpartition("#")[2] if status >= 400 and isinstance(named, str) else None
        self.message = (body.get("message") or body.get("Message") or "") if self.error else ""


SETTLE_DEADLINE_S = 30
READS = {"GetItem", "Query", "Scan", "BatchGetItem", "DescribeTable"}


class Connection:
    """A server's port. A write that breaks is not repeated: ServerLost says which it was."""

    def __init__(self, port, timeout=60):
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def call(self, operation, request):
        body = json.dumps(request, ensure_ascii=False).encode()
        # DynamoDB Local now and then closes a connection that it said it would keep.
        attempts = 2 if operation in READS else 1
        while True:
            attempts -= 1
            try:
                return self._call(operation, body)
            except (http.client.HTTPException, OSError) as error:
                self._connection.close()
                if attempts == 0 or not isinstance(error, http.client.RemoteDisconnected):
                    raise ServerLost(f"port {self.port}, {operation} {request}: {error!r}") from error

    def _call(self, operation, body):
        self._connection.request("POST", "/", body=body, headers=raw_http.headers_for(operation))
        response = self._connection.getresponse()
        text = response.read()
        return Answer(response.status, json.loads(text) if text else {})

    def settle(self, table):
        """Waits until the table is not on its way to another state, nor its indexes."""
        deadline = time.monotonic() + SETTLE_DEADLINE_S
        while time.monotonic() < deadline:
            answer = self.call("DescribeTable", {"TableName": table})
            if answer.status != 200:
                return
            described = answer.body["Table"]
            states = [described["TableStatus"], *(index["IndexStatus"] for index in described.get("GlobalSecondaryIndexes", []))]
            if all(state == "ACTIVE" for state in states):
                return
            time.sleep(0.01)
        raise AssertionError(f"port {self.port}: {table} is still {states}")

    def close(self):
        self._connection.close()


class ServerLost(Exception):
    """The connection broke during a call."""
