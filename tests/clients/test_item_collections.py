"""Item collections: what the items of a partition key and their entries in local indexes may come to together, over HTTP,
over kills; and what DescribeTable says of local indexes."""

import os

import pytest

from harness import tables
from harness.tables import refusal
from harness.waiting import wait_until

LIMIT = 20_000
# Lower than the service's 10 GB, which no test can fill.
LOWERED = {**os.environ, "STATOR_ITEM_COLLECTION_BYTES_MAX": str(LIMIT)}


def create(client, name=None):
    name = name or tables.unique_name("collections")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
            {"AttributeName": "l", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": key, "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": projection},
            }
            for name, key, projection in [("all", "l", "ALL"), ("keys", "n", "KEYS_ONLY")]
        ],
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    return name


def item(pk, sk, filler=0, **more):
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}, "f": {"S": "x" * filler}, **more}


def key(pk, sk):
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}}


EXCEEDED = ("ItemCollectionSizeLimitExceededException", "Collection size exceeded.", 400)


@pytest.fixture
def server(own_server, tmp_path):
    return own_server(data_dir=tmp_path / "data", env=LOWERED)


def test_a_full_collection_takes_nothing_that_grows_it(server):
    client = server.client()
    table = create(client)
    for number in range(4):
        client.put_item(TableName=table, Item=item("p", number, 4500))
    assert refusal(client.put_item, TableName=table, Item=item("p", 4, 4500))[:3] == EXCEEDED
    # Its entry counts too.
    assert refusal(client.put_item, TableName=table, Item=item("p", 4, 1000, l={"S": "l"}))[:3] == EXCEEDED
    refused = refusal(
        client.update_item,
        TableName=table,
        Key=key("p", 0),
        UpdateExpression="SET l = :l",
        ExpressionAttributeValues={":l": {"S": "l"}},
    )
    assert refused[:3] == EXCEEDED
    writes = [{"PutRequest": {"Item": item("q", 1, 4500)}}, {"PutRequest": {"Item": item("p", 9, 4500)}}]
    assert refusal(client.batch_write_item, RequestItems={table: writes})[:3] == EXCEEDED
    client.put_item(TableName=table, Item=item("other", 1, 4500))
    client.put_item(TableName=table, Item=item("p", 1, 10))
    client.delete_item(TableName=table, Key=key("p", 2))
    client.put_item(TableName=table, Item=item("p", 4, 4500))


def test_what_a_collection_holds_is_known_after_a_kill(server):
    client = server.client()
    table = create(client)
    for number in range(8):
        client.put_item(TableName=table, Item=item("p", number, 1000, l={"S": "l"}))
    for _ in range(2):
        server.kill()
        server.start()
        client = server.client()
        assert refusal(client.put_item, TableName=table, Item=item("p", 99, 4500))[:3] == EXCEEDED
    for number in range(8):
        client.delete_item(TableName=table, Key=key("p", number))
    for number in range(4):
        client.put_item(TableName=table, Item=item("p", number, 4500))


def test_items_that_expire_make_room(server):
    client = server.client()
    table = create(client)
    client.update_time_to_live(TableName=table, TimeToLiveSpecification={"AttributeName": "t", "Enabled": True})
    for number in range(4):
        client.put_item(TableName=table, Item=item("p", number, 4500, t={"N": "1700000000"} if number == 0 else {"S": "no"}))

    def fits():
        try:
            client.put_item(TableName=table, Item=item("p", 4, 4500))
        except client.exceptions.ItemCollectionSizeLimitExceededException:
            return False
        return True

    wait_until(fits, "the expired item is gone", 20)


def described(client, table):
    indexes = client.describe_table(TableName=table)["Table"]["LocalSecondaryIndexes"]
    return {one["IndexName"]: (one["ItemCount"], one["IndexSizeBytes"]) for one in indexes}


# An entry: pk and a letter, sk and a digit or two bytes of a number, f, and l with a letter; 100 more of each.
ENTRY = (2 + 1) + (2 + 2) + (1 + 0) + (1 + 1) + 100
KEYS = (2 + 1) + (2 + 2) + (1 + 2) + 100


def test_describe_table_counts_local_indexes(client):
    table = create(client)
    assert described(client, table) == {"all": (0, 0), "keys": (0, 0)}
    tables.put_many(client, table, [item("p", number + 10, 0, l={"S": "l"}) for number in range(30)])
    tables.put_many(client, table, [item("q", number + 10, 0, n={"N": "7"}) for number in range(5)])
    wait_until(lambda: described(client, table) == {"all": (30, 30 * ENTRY), "keys": (5, 5 * KEYS)}, "entries are counted", 10)
    client.update_item(TableName=table, Key=key("p", 10), UpdateExpression="REMOVE l")
    client.delete_item(TableName=table, Key=key("q", 10))
    wait_until(lambda: described(client, table) == {"all": (29, 29 * ENTRY), "keys": (4, 4 * KEYS)}, "entries are gone", 10)
    client.delete_table(TableName=table)


def test_counts_of_local_indexes_survive_a_kill(server):
    client = server.client()
    table = create(client)
    tables.put_many(client, table, [item("p", number + 10, 0, l={"S": "l"}) for number in range(30)])
    server.kill()
    server.start()
    client = server.client()
    wait_until(lambda: described(client, table) == {"all": (30, 30 * ENTRY), "keys": (0, 0)}, "entries are counted", 10)


def test_every_node_of_a_cluster_counts_local_indexes(shared_cluster):
    client = shared_cluster.client(1)
    table = create(client)
    rows = [item(f"p{number % 10}", number + 10, 0, l={"S": "l"}) for number in range(50)]
    tables.put_many(client, table, rows)
    expected = {"all": (50, 50 * (ENTRY + 1)), "keys": (0, 0)}
    for node in shared_cluster.numbers:
        one = shared_cluster.client(node)
        wait_until(lambda client=one: described(client, table) == expected, f"node {node} counts them", 30)
    client.delete_table(TableName=table)


def test_a_scan_of_a_sparse_index_ends_its_pages(client):
    """25,000 items that the index has nothing of, and one that it has."""
    table = create(client)
    tables.put_many(client, table, [item(f"p{number}", 1, 0, l={"S": "l"}) for number in range(25_000)])
    client.put_item(TableName=table, Item=item("there", 1, 0, n={"N": "7"}))
    pages = list(client.get_paginator("scan").paginate(TableName=table, IndexName="keys"))
    assert [one["pk"]["S"] for page in pages for one in page["Items"]] == ["there"]
    assert len(pages) >= 3
    assert sum(page["ScannedCount"] for page in pages) == 1
    assert all(set(page["LastEvaluatedKey"]) == {"pk", "sk", "n"} for page in pages[:-1])
    client.delete_table(TableName=table)
