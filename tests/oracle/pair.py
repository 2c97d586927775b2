"""Stator and DynamoDB Local side by side: the same calls to both, on one table at a time."""

import dataclasses

from . import compare, known, values, wire

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "CreateTable", "DeleteTable", "UpdateTable", "UpdateTimeToLive"}
SETTLING = {"CreateTable", "DeleteTable", "UpdateTable"}


# How many further pages of a Query are read.
PAGES_MAX = 3


@dataclasses.dataclass
class Outcome:
    """Both answers to a call in comparable form, and the known difference that explains them where they differ."""

    operation: str
    request: dict
    ours: object
    local: object
    explained: known.Known | None

    @property
    def agreed(self):
        return self.ours == self.local

    @property
    def ok(self):
        return self.agreed or self.explained is not None

    @property
    def diverged(self):
        """One server changed its table and the other did not: nothing after this can be compared."""
        return self.operation in WRITES and isinstance(self.ours, list) != isinstance(self.local, list)

    def __str__(self):
        return f"{self.operation} {self.request}\n  Stator: {self.ours}\n  Local:  {self.local}"


class Pair:
    def __init__(self, stator_port, local_port, differences=None):
        self.stator = wire.Connection(stator_port)
        self.local = wire.Connection(local_port)
        self.differences = known.load() if differences is None else differences
        self.calls = 0

    def create(self, schema):
        """A new table of the one name that all calls use, and new connections."""
        self.stator.close()
        self.local.close()
        outcome = self.call("CreateTable", schema.create_table())
        if isinstance(outcome.ours, list) or isinstance(outcome.local, list):
            raise AssertionError(f"the servers do not both create the table\n{outcome}")

    def drop(self):
        for server in (self.stator, self.local):
            server.call("UpdateTable", {"TableName": values.TABLE, "DeletionProtectionEnabled": False})
            server.call("DeleteTable", {"TableName": values.TABLE})
            server.settle(values.TABLE)

    def call(self, operation, request):
        self.calls += 1
        ours = self.stator.call(operation, request)
        strays = list(compare.strays(ours.body))
        if strays:
            raise AssertionError(f"numbers that are not written canonically: {strays} in the answer to {operation} {request}")
        left = compare.normal(operation, request, ours)
        right = compare.normal(operation, request, self.local.call(operation, request))
        if operation == "UpdateItem" and isinstance(right, dict) and known.only_removes(request):
            self._unmake(request)
        if operation in SETTLING:
            self.stator.settle(values.TABLE)
            self.local.settle(values.TABLE)
        explained = None if left == right else known.find(self.differences, operation, request, left, right)
        return Outcome(operation, request, left, right, explained)

    def _unmake(self, request):
        """DynamoDB Local makes an item of an update that only removes; the service does not (known_differences.toml)."""
        key = {"TableName": request["TableName"], "Key": request["Key"]}
        if "Item" not in self.stator.call("GetItem", key | {"ConsistentRead": True}).body:
            self.local.call("DeleteItem", key)

    def pages(self, first):
        """The outcomes of a call and, where it is a Query with more to read, of its next pages."""
        yield first
        page = first
        for _ in range(PAGES_MAX):
            if page.operation != "Query" or not page.agreed or "LastEvaluatedKey" not in page.ours:
                return
            page = self.call("Query", page.request | {"ExclusiveStartKey": page.ours["LastEvaluatedKey"]})
            yield page
