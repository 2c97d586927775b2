"""Secondary indexes as an SDK sees them in tables: made with them, described, made and deleted later, refused."""

import pytest

from harness import tables
from harness.tables import refusal
from harness.waiting import wait_until

ALL = {"ProjectionType": "ALL"}


def definitions(*names):
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def keys(*names):
    kinds = ["HASH"] + ["RANGE"] * (len(names) - 1)
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, kinds)]


def index(name, *attributes, projection=ALL, **more):
    return {"IndexName": name, "KeySchema": keys(*attributes), "Projection": projection, **more}


def described_indexes(client, table):
    described = client.describe_table(TableName=table)["Table"]
    return {entry["IndexName"]: entry for entry in described.get("GlobalSecondaryIndexes", [])}


@pytest.fixture
def name(client):
    """A name for a table that the test makes itself; dropped afterwards."""
    name = tables.unique_name("indexes")
    yield name
    if name in client.list_tables(ExclusiveStartTableName=name[:-1])["TableNames"]:
        client.delete_table(TableName=name)


def test_a_table_describes_its_indexes(client, name):
    made = client.create_table(
        TableName=name,
        KeySchema=keys("pk", "sk"),
        AttributeDefinitions=definitions("sk", "pk", "other", "by"),
        BillingMode="PAY_PER_REQUEST",
        LocalSecondaryIndexes=[index("local", "pk", "other", projection={"ProjectionType": "KEYS_ONLY"})],
        GlobalSecondaryIndexes=[
            index("global", "by", "sk", projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["z", "a"]})
        ],
    )["TableDescription"]
    assert made["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    table = client.describe_table(TableName=name)["Table"]
    assert [entry["AttributeName"] for entry in table["AttributeDefinitions"]] == ["by", "other", "pk", "sk"]
    assert table["LocalSecondaryIndexes"] == [
        {
            "IndexName": "local",
            "KeySchema": keys("pk", "other"),
            "Projection": {"ProjectionType": "KEYS_ONLY"},
            "IndexSizeBytes": 0,
            "ItemCount": 0,
            "IndexArn": f"{table['TableArn']}/index/local",
        }
    ]
    assert table["GlobalSecondaryIndexes"] == [
        {
            "IndexName": "global",
            "KeySchema": keys("by", "sk"),
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "z"]},
            "IndexStatus": "ACTIVE",
            "ProvisionedThroughput": {
                "NumberOfDecreasesToday": 0,
                "ReadCapacityUnits": 0,
                "WriteCapacityUnits": 0,
            },
            "IndexSizeBytes": 0,
            "ItemCount": 0,
            "IndexArn": f"{table['TableArn']}/index/global",
            "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"},
        }
    ]


def test_the_tables_that_hold_indexes_are_not_seen(client, name):
    client.create_table(
        TableName=name,
        KeySchema=keys("pk"),
        AttributeDefinitions=definitions("pk", "by"),
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[index("global", "by")],
    )
    pages = client.get_paginator("list_tables").paginate()
    seen = [entry for page in pages for entry in page["TableNames"]]
    assert name in seen
    assert [entry for entry in seen if entry.startswith(name) and entry != name] == []


def test_an_index_is_made_and_deleted_while_the_table_is_in_use(client, name):
    tables.create(client, name=name)
    client.put_item(TableName=name, Item={"pk": {"S": "a"}, "by": {"S": "b"}})
    answer = client.update_table(
        TableName=name,
        AttributeDefinitions=definitions("by"),
        GlobalSecondaryIndexUpdates=[{"Create": index("later", "by")}],
    )["TableDescription"]
    assert answer["TableStatus"] == "UPDATING"
    assert answer["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    assert answer["GlobalSecondaryIndexes"][0]["Backfilling"] is False
    wait_until(lambda: described_indexes(client, name)["later"]["IndexStatus"] == "ACTIVE", "the index is ACTIVE")
    assert "Backfilling" not in described_indexes(client, name)["later"]
    wait_until(lambda: described_indexes(client, name)["later"]["ItemCount"] == 1, "its item is counted")

    answer = client.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "later"}}])
    assert answer["TableDescription"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    wait_until(lambda: not described_indexes(client, name), "the index is gone")
    table = client.describe_table(TableName=name)["Table"]
    assert table["AttributeDefinitions"] == definitions("pk")
    assert "GlobalSecondaryIndexes" not in table


REFUSED = {
    "attribute that is not defined": (
        {"GlobalSecondaryIndexes": [index("idx", "q")]},
        "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [q], AttributeDefinitions: [sk, pk]",
    ),
    "definition that nothing uses": (
        {
            "AttributeDefinitions": definitions("pk", "sk", "a", "b", "c"),
            "GlobalSecondaryIndexes": [index("idx", "a")],
        },
        "One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: "
        "[sk, a, b, pk, c], keys used: [a, sk, pk]",
    ),
    "one name twice": (
        {"GlobalSecondaryIndexes": [index("idx", "sk")], "LocalSecondaryIndexes": [index("idx", "pk", "sk")]},
        "One or more parameter values were invalid: Duplicate index name: idx",
    ),
    "local index on another partition key": (
        {"LocalSecondaryIndexes": [index("idx", "sk", "pk")]},
        "One or more parameter values were invalid: Index KeySchema does not have the same leading hash key as table "
        "KeySchema for index: idx. index hash key: sk, table hash key: pk",
    ),
    "projection without its attributes": (
        {"GlobalSecondaryIndexes": [index("idx", "sk", projection={"ProjectionType": "INCLUDE"})]},
        "One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
    ),
    "no local index": (
        {"LocalSecondaryIndexes": []},
        "One or more parameter values were invalid: List of LocalSecondaryIndexes is empty",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_impossible_indexes_are_refused(client, case):
    change, expected = REFUSED[case]
    request = {
        "KeySchema": keys("pk", "sk"),
        "AttributeDefinitions": definitions("pk", "sk"),
        "BillingMode": "PAY_PER_REQUEST",
        **change,
    }
    code, message, status, _ = refusal(client.create_table, TableName=tables.unique_name("refused"), **request)
    assert (code, status, message) == ("ValidationException", 400, expected)


def test_updates_of_indexes_that_are_not_there(client, table):
    code, message, _, _ = refusal(
        client.update_table, TableName=table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "ghost"}}]
    )
    assert (code, message) == (
        "ResourceNotFoundException",
        f"Requested resource not found: Index ghost for table {table}",
    )
    code, message, _, _ = refusal(
        client.update_table,
        TableName=table,
        GlobalSecondaryIndexUpdates=[{"Create": index("idx", "by")}],
    )
    assert (code, message) == (
        "ValidationException",
        "One or more parameter values were invalid: AttributeDefinitions is not specified for index: idx",
    )
