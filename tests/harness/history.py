"""The history of operations on single items: who called what when, and what came back. tests/linearizability reads it.

An operation's outcome is *ok* where it was answered, a condition that failed included; *fail* where nothing was done for
certain; *maybe* where nobody knows: then it may take effect at any later time, or never.
"""

import json
import time

GET, PUT, UPDATE, ADD, DELETE = "get", "put", "update", "add", "delete"


class History:
    """Of one thread; the clock is one for all of it."""

    def __init__(self):
        self.records = []

    @staticmethod
    def now():
        return time.monotonic_ns()

    def ok(self, client, op, key, given, call, answered, *, applied, item):
        """`item`: what the answer shows, as shown() makes it; None: no item."""
        output = {"applied": applied, "item": item}
        self._add(client, op, key, given, call, answered, "ok", output)

    def fail(self, client, op, key, given, call):
        self._add(client, op, key, given, call, None, "fail", None)

    def maybe(self, client, op, key, given, call):
        self._add(client, op, key, given, call, None, "maybe", None)

    def _add(self, client, op, key, given, call, answered, outcome, output):
        self.records.append({
            "client": client, "op": op, "key": key, "input": given, "output": output,
            "call": call, "return": answered, "outcome": outcome,
        })

    def count(self, outcome):
        return sum(record["outcome"] == outcome for record in self.records)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            for record in self.records:
                file.write(json.dumps(record) + "\n")


def shown(item):
    """An item of the API as a history has it: `v` is its value, `n` its count."""
    if not item:
        return None
    short = {}
    if "v" in item:
        short["value"] = item["v"]["S"]
    if "n" in item:
        short["count"] = int(item["n"]["N"])
    return short


def request(table, op, key, given):
    """(operation of the API, its body) that does what a record says and shows what it is to show."""
    body = {"TableName": table}
    where = {"pk": {"S": key}}
    values = {}
    if op == GET:
        return "GetItem", body | {"Key": where, "ConsistentRead": True}
    if op == PUT:
        name = "PutItem"
        body |= {"Item": where | {"v": {"S": given["value"]}}, "ReturnValues": "ALL_OLD"}
    elif op == DELETE:
        name = "DeleteItem"
        body |= {"Key": where, "ReturnValues": "ALL_OLD"}
    else:
        name = "UpdateItem"
        body |= {"Key": where, "ReturnValues": "ALL_NEW"}
        body["UpdateExpression"] = "SET v = :new" if op == UPDATE else "ADD n :new"
        values[":new"] = {"S": given["value"]} if op == UPDATE else {"N": str(given["delta"])}
    condition = given.get("condition")
    if condition:
        body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if "value" in condition:
            body["ConditionExpression"] = "v = :old"
            values[":old"] = {"S": condition["value"]}
        else:
            body["ConditionExpression"] = f"attribute_{'' if condition['exists'] else 'not_'}exists(pk)"
    if values:
        body["ExpressionAttributeValues"] = values
    return name, body
