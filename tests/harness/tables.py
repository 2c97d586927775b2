"""Tables for tests: one table a test, with a name of its own, so that tests share a server without meeting."""

import contextlib
import itertools
import os

from botocore.exceptions import ClientError

_numbers = itertools.count(1)


def unique_name(prefix="test"):
    return f"{prefix}-{os.getpid()}-{next(_numbers)}"


def create(client, *, sort_key=None, partition_type="S", sort_type="S", name=None, prefix="test"):
    """A table with partition key 'pk' and, where `sort_key` is true, sort key 'sk'. Returns its name once ACTIVE."""
    name = name or unique_name(prefix)
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    definitions = [{"AttributeName": "pk", "AttributeType": partition_type}]
    if sort_key:
        keys.append({"AttributeName": "sk", "KeyType": "RANGE"})
        definitions.append({"AttributeName": "sk", "AttributeType": sort_type})
    client.create_table(
        TableName=name, KeySchema=keys, AttributeDefinitions=definitions, BillingMode="PAY_PER_REQUEST"
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    return name


@contextlib.contextmanager
def temporary(client, **shape):
    name = create(client, **shape)
    try:
        yield name
    finally:
        with contextlib.suppress(ClientError):
            client.delete_table(TableName=name)


# A global index that several tests share, and what a table with it defines.
GROUP_INDEX = {
    "IndexName": "by-group",
    "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}, {"AttributeName": "rank", "KeyType": "RANGE"}],
    "Projection": {"ProjectionType": "ALL"},
}
GROUP_DEFINITIONS = [
    {"AttributeName": "pk", "AttributeType": "S"},
    {"AttributeName": "group", "AttributeType": "S"},
    {"AttributeName": "rank", "AttributeType": "N"},
]


def scan_all(client, table, **parameters):
    """All items of a Scan, all pages."""
    pages = client.get_paginator("scan").paginate(TableName=table, **parameters)
    return [item for page in pages for item in page["Items"]]


def query_all(client, table, **parameters):
    pages = client.get_paginator("query").paginate(TableName=table, **parameters)
    return [item for page in pages for item in page["Items"]]


def put_many(client, table, items):
    """Writes items with BatchWriteItem until nothing is left unprocessed."""
    items = list(items)
    for start in range(0, len(items), 25):
        left = {table: [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]}
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]


def refusal(call, *arguments, **parameters):
    """Runs a call that must be refused. Returns (code, message, HTTP status, whole response)."""
    try:
        call(*arguments, **parameters)
    except ClientError as error:
        response = error.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return response["Error"]["Code"], response["Error"].get("Message", ""), status, response
    raise AssertionError(f"{call.__name__} was accepted: {parameters}")
