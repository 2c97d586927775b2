"""Items through their indexes over HTTP: local and global ones, all projections, keys of several attributes, pages in both
directions, segments, capacity of each part, item collections, refusals."""

import pytest

from harness import tables
from harness.tables import refusal

TYPES = {"pk": "S", "sk": "N", "l": "S", "n": "N", "g": "S", "a": "S", "b": "N", "c": "B"}


def index(name, hashes, ranges, projection, *non_keys):
    keys = [{"AttributeName": key, "KeyType": "HASH"} for key in hashes]
    keys += [{"AttributeName": key, "KeyType": "RANGE"} for key in ranges]
    made = {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": projection}}
    if non_keys:
        made["Projection"]["NonKeyAttributes"] = list(non_keys)
    return made


@pytest.fixture
def table(client):
    name = tables.unique_name("reads")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in TYPES.items()],
        LocalSecondaryIndexes=[
            index("local-all", ["pk"], ["l"], "ALL"),
            index("local-keys", ["pk"], ["n"], "KEYS_ONLY"),
        ],
        GlobalSecondaryIndexes=[
            index("one", ["g"], [], "INCLUDE", "x"),
            index("sorted", ["g"], ["n"], "ALL"),
            index("many", ["a", "b"], ["c", "sk"], "KEYS_ONLY"),
        ],
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def rows(client, table):
    """20 items of 'p'; the even ones have a group; n goes down as sk goes up."""
    items = []
    for number in range(20):
        made = {
            "pk": {"S": "p"},
            "sk": {"N": str(number)},
            "l": {"S": f"l{number:02}"},
            "n": {"N": str(100 - number)},
            "a": {"S": "A"},
            "b": {"N": str(number % 2)},
            "c": {"B": bytes([number])},
            "x": {"S": "x"},
            "z": {"S": "z" * 5000},
        }
        if number % 2 == 0:
            made["g"] = {"S": "G"}
        items.append(made)
    tables.put_many(client, table, items)
    return table


def sort_keys(items):
    return [int(item["sk"]["N"]) for item in items]


def query(client, table, name, condition, values, **more):
    return client.query(
        TableName=table, IndexName=name, KeyConditionExpression=condition, ExpressionAttributeValues=values, **more
    )


def pages(client, table, name, condition, values, **more):
    paginator = client.get_paginator("query")
    answers = paginator.paginate(
        TableName=table,
        IndexName=name,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        PaginationConfig={"PageSize": 3},
        **more,
    )
    return [item for answer in answers for item in answer["Items"]]


P = {":p": {"S": "p"}}
G = {":g": {"S": "G"}}


def test_a_local_index_is_read_strongly_in_its_order(client, rows):
    for forward in (True, False):
        items = pages(client, rows, "local-keys", "pk = :p", P, ConsistentRead=True, ScanIndexForward=forward)
        assert sort_keys(items) == (list(range(19, -1, -1)) if forward else list(range(20)))
        assert all(set(item) == {"pk", "sk", "n"} for item in items)
    some = query(client, rows, "local-all", "pk = :p AND l BETWEEN :a AND :b", {**P, ":a": {"S": "l03"}, ":b": {"S": "l05"}})
    assert sort_keys(some["Items"]) == [3, 4, 5]
    assert some["Items"][0]["z"]["S"] == "z" * 5000


def test_a_local_index_fetches_what_it_does_not_project(client, rows):
    whole = query(
        client, rows, "local-keys", "pk = :p AND n > :n", {**P, ":n": {"N": "97"}},
        Select="ALL_ATTRIBUTES", ConsistentRead=True, ReturnConsumedCapacity="INDEXES",
    )  # fmt: skip
    assert sort_keys(whole["Items"]) == [2, 1, 0]
    assert "g" in whole["Items"][0] and "g" not in whole["Items"][1]
    # Three items of just over 4 KB, each two units; the entries together one.
    assert whole["ConsumedCapacity"]["Table"]["CapacityUnits"] == 6.0
    assert whole["ConsumedCapacity"]["LocalSecondaryIndexes"] == {"local-keys": {"CapacityUnits": 1.0}}
    assert whole["ConsumedCapacity"]["CapacityUnits"] == 7.0


def test_a_global_index_is_sparse_and_shows_its_projection(client, rows):
    items = pages(client, rows, "one", "g = :g", G)
    assert sorted(sort_keys(items)) == list(range(0, 20, 2))
    assert all(set(item) == {"pk", "sk", "g", "x"} for item in items)
    assert sort_keys(pages(client, rows, "sorted", "g = :g", G)) == list(range(18, -1, -2))
    answer = query(client, rows, "sorted", "g = :g AND n >= :n", {**G, ":n": {"N": "97"}}, ReturnConsumedCapacity="INDEXES")
    assert sort_keys(answer["Items"]) == [2, 0]
    assert answer["ConsumedCapacity"]["Table"]["CapacityUnits"] == 0.0
    assert answer["ConsumedCapacity"]["GlobalSecondaryIndexes"] == {"sorted": {"CapacityUnits": 1.5}}


def test_keys_of_several_attributes(client, rows):
    values = {":a": {"S": "A"}, ":b": {"N": "1"}}
    assert sort_keys(pages(client, rows, "many", "a = :a AND b = :b", values)) == list(range(1, 20, 2))
    some = query(client, rows, "many", "b = :b AND a = :a AND c > :c", {**values, ":c": {"B": b"\x0f"}}, Limit=1)
    assert sort_keys(some["Items"]) == [17]
    assert set(some["LastEvaluatedKey"]) == {"a", "b", "c", "sk", "pk"}
    one = query(client, rows, "many", "a = :a AND b = :b AND c = :c AND sk = :s",
                {**values, ":c": {"B": b"\x03"}, ":s": {"N": "3"}}, Select="COUNT")  # fmt: skip
    assert one["Count"] == 1
    for condition, text in [
        ("a = :a", "Query condition missed key schema element: b"),
        ("a = :a AND b > :b", "Query key condition not supported"),
    ]:
        used = {name: value for name, value in values.items() if name in condition}
        assert refusal(query, client, rows, "many", condition, used)[1] == text


def test_scans_of_an_index_and_their_segments(client, rows):
    for name, expected in [("one", 10), ("local-keys", 20), ("many", 20)]:
        whole = tables.scan_all(client, rows, IndexName=name, PaginationConfig={"PageSize": 7})
        assert len(whole) == expected
        parts = [
            item
            for segment in range(3)
            for item in tables.scan_all(client, rows, IndexName=name, Segment=segment, TotalSegments=3)
        ]
        assert parts == whole


def test_writes_tell_what_each_index_cost(client, table):
    item = {"pk": {"S": "p"}, "sk": {"N": "1"}, "l": {"S": "a"}, "g": {"S": "G"}, "x": {"S": "x" * 1500}}
    asked = {"ReturnConsumedCapacity": "INDEXES", "ReturnItemCollectionMetrics": "SIZE"}
    made = client.put_item(TableName=table, Item=item, **asked)
    assert made["ConsumedCapacity"]["CapacityUnits"] == 6.0
    assert made["ConsumedCapacity"]["LocalSecondaryIndexes"] == {"local-all": {"CapacityUnits": 2.0}}
    assert made["ConsumedCapacity"]["GlobalSecondaryIndexes"] == {"one": {"CapacityUnits": 2.0}}
    assert made["ItemCollectionMetrics"] == {"ItemCollectionKey": {"pk": {"S": "p"}}, "SizeEstimateRangeGB": [0.0, 1.0]}
    same = client.put_item(TableName=table, Item=item, **asked)
    assert same["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 2.0, "Table": {"CapacityUnits": 2.0}}
    moved = client.update_item(
        TableName=table, Key={"pk": {"S": "p"}, "sk": {"N": "1"}}, UpdateExpression="SET g = :g",
        ExpressionAttributeValues={":g": {"S": "H"}}, **asked,
    )  # fmt: skip
    assert moved["ConsumedCapacity"]["GlobalSecondaryIndexes"] == {"one": {"CapacityUnits": 4.0}}


def test_refusals(client, rows):
    def text(*arguments, **parameters):
        code, message, _, _ = refusal(query, client, rows, *arguments, **parameters)
        assert code == "ValidationException"
        return message

    invalid = "One or more parameter values were invalid: "
    assert text("none", "g = :g", G) == "The table does not have the specified index: none"
    assert text("one", "g = :g", G, ConsistentRead=True) == "Consistent reads are not supported on global secondary indexes"
    assert text("one", "g = :g", G, ProjectionExpression="z, x") == f"{invalid}Global secondary index one does not project [z]"
    assert text("one", "g = :g", G, Select="ALL_ATTRIBUTES") == (
        f"{invalid}Select type ALL_ATTRIBUTES is not supported for global secondary index one because its projection type is "
        "not ALL"
    )
    assert text("local-keys", "pk = :p", P, FilterExpression="attribute_exists(z)") == (
        f"{invalid}Secondary index local-keys does not project one or more filter attributes: [z]"
    )
    start = {"pk": {"S": "p"}, "sk": {"N": "1"}}
    assert text("one", "g = :g", G, ExclusiveStartKey=start) == "The provided starting key is invalid"
    _, message, _, _ = refusal(client.put_item, TableName=rows, Item={"pk": {"S": "p"}, "sk": {"N": "1"}, "l": {"N": "1"}})
    assert message == f"{invalid}Type mismatch for Index Key l Expected: S Actual: N IndexName: local-all"
