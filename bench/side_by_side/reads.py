"""Reads and conditional updates of Stator beside dynalite 4 and DynamoDB Local: bench/run --reads starts it.

A table of 200,000 items of about 200 bytes; a second one with a partition of several megabytes. One connection, one request
after the other, so that what is measured is the work of a request and not how many run at once; answers are read whole and not
parsed. Stator and dynalite keep their data on disk, DynamoDB Local in memory. The rounds alternate, so that a machine that slows
down on the way slows all.
"""

import argparse
import concurrent.futures
import http.client
import json
import pathlib
import re
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import side_by_side
from harness import raw_http, tables
from harness.server import Server, dynamodb_client
from oracle.local import Local

ITEMS = 200_000
COLORS = 100  # a filter for one of them leaves one item in a hundred
COLLECTION = 10_000  # items under one partition key: more than a page of 1 MB
LOADERS = 8
IDLE_MAX_S = 3.0  # of a connection, before it is opened anew
TABLE, COLLECTIONS = "Reads", "Collections"


class DynamoDbLocal:
    """DynamoDB Local with the life of a Server."""

    def __init__(self):
        self._local = Local()

    def start(self):
        self._local.start()
        self.port = self._local.port
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self._local.stop()


class Caller:
    """One connection that is kept while it is used: node closes idle ones after five seconds."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._used = time.monotonic()

    def call(self, operation, body):
        """The answer's body, as bytes."""
        if time.monotonic() - self._used > IDLE_MAX_S:
            self._connection.close()  # the next request opens it
        self._connection.request("POST", "/", json.dumps(body), raw_http.headers_for(operation))
        response = self._connection.getresponse()
        answer = response.read()
        self._used = time.monotonic()
        if response.status != 200:
            sys.exit(f"reads: {operation} is refused: {answer[:500]}")
        return answer


def item(number):
    return {"pk": {"S": f"item-{number:07}"}, "color": {"N": str(number % COLORS)}, "body": {"S": "x" * 150}}


def load(server):
    client = dynamodb_client(server.endpoint)
    tables.create(client, name=TABLE)
    tables.create(client, name=COLLECTIONS, sort_key=True)
    rows = {
        TABLE: [item(number) for number in range(ITEMS)],
        COLLECTIONS: [{**item(n), "pk": {"S": "one"}, "sk": {"S": f"{n:07}"}} for n in range(COLLECTION)],
    }
    parts = [(name, all_rows[at : at + 1000]) for name, all_rows in rows.items() for at in range(0, len(all_rows), 1000)]
    with concurrent.futures.ThreadPoolExecutor(LOADERS) as pool:
        list(pool.map(lambda part: tables.put_many(client, *part), parts))


# --- what is measured: each returns (how many a second) ---


def query_page(caller, seconds):
    """Pages of 1 MB of one partition, from its start."""
    body = {
        "TableName": COLLECTIONS, "KeyConditionExpression": "pk = :one",
        "ExpressionAttributeValues": {":one": {"S": "one"}},
    }
    return repeat(lambda: caller.call("Query", body), seconds)


def scan(caller, seconds, **filtered):
    """Items of the whole table, page after page."""
    seen, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        start = {}
        while True:
            answer = caller.call("Scan", {"TableName": TABLE, **filtered, **start})
            seen += int(re.search(rb'"ScannedCount":\s*(\d+)', answer)[1])
            last = re.search(rb'"LastEvaluatedKey":\s*(\{"pk":\s*\{[^}]*\}\s*\})', answer)
            if not last:
                break
            start = {"ExclusiveStartKey": json.loads(last[1])}
    return seen / (time.monotonic() - begun)


def scan_with_filter(caller, seconds):
    """The same, of which the filter leaves one in a hundred."""
    return scan(
        caller, seconds, FilterExpression="color = :c", ExpressionAttributeValues={":c": {"N": "7"}}
    )


def update_if(caller, seconds):
    """Updates of one item after the other, under a condition that holds."""
    numbers = iter(range(10**9))

    def update():
        number = next(numbers) % ITEMS
        caller.call("UpdateItem", {
            "TableName": TABLE, "Key": {"pk": item(number)["pk"]}, "UpdateExpression": "ADD hits :one SET seen = :now",
            "ConditionExpression": "attribute_exists(pk) AND (attribute_not_exists(seen) OR seen < :now)",
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":now": {"N": str(time.monotonic_ns())}},
        })

    return repeat(update, seconds)


def repeat(call, seconds):
    done, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        call()
        done += 1
    return done / (time.monotonic() - begun)


MEASURED = {
    "Query of a 1 MB page, pages/s": query_page,
    "Scan, items/s": scan,
    "Scan with a filter, items/s": scan_with_filter,
    "UpdateItem with a condition, /s": update_if,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="rounds a measurement (default: 3)")
    parser.add_argument("--seconds", type=int, default=5, help="seconds a round, at least (default: 5)")
    options = parser.parse_args()
    folder = side_by_side.fresh_folder
    servers = {
        "stator": Server(data_dir=folder("stator")), "dynalite": side_by_side.Dynalite(folder("dynalite")),
        "DynamoDB Local": DynamoDbLocal(),
    }
    started = []
    try:
        for name, server in servers.items():
            server.start()
            started.append(server)
            begun = time.monotonic()
            load(server)
            print(f"{name}: loaded in {time.monotonic() - begun:.0f} s", flush=True)
        results = measure({name: Caller(server.port) for name, server in servers.items()}, options)
    finally:
        for server in started:
            server.stop()
    report(options, results)


def measure(callers, options):
    """{what: {name: [a result a round]}}. A short round that is not counted warms up first."""
    results = {what: {name: [] for name in callers} for what in MEASURED}
    for what, function in MEASURED.items():
        for caller in callers.values():
            function(caller, 1)
        for number in range(options.rounds):
            order = list(callers) if number % 2 == 0 else list(callers)[::-1]
            for name in order:
                results[what][name].append(function(callers[name], options.seconds))
                print(f"  {what} round {number + 1}/{options.rounds} {name:<14} {results[what][name][-1]:>12,.0f}", flush=True)
    return results


def report(options, results):
    names = list(next(iter(results.values())))
    print(f"\nmedians of {options.rounds} rounds of {options.seconds} s, one connection, the client on the same cores\n")
    print(f"{'':<34}" + "".join(f"{name:>16}" for name in names) + f"{'to the better':>16}")
    for what, by_name in results.items():
        medians = {name: statistics.median(values) for name, values in by_name.items()}
        best_other = max(value for name, value in medians.items() if name != "stator")
        print(f"{what:<34}" + "".join(f"{medians[name]:>16,.0f}" for name in names) + f"{medians['stator'] / best_other:>15.2f}x")


if __name__ == "__main__":
    main()
