"""ConsumedCapacity: the units of each operation, and how they are told."""

import pytest

KEY = {"pk": {"S": "k"}}


def sized(total_bytes, key="k"):
    """An item of exactly `total_bytes` as the service counts."""
    return {"pk": {"S": key}, "f": {"S": "x" * (total_bytes - len("pk") - len(key) - len("f"))}}


def units(answer):
    return answer["ConsumedCapacity"]["CapacityUnits"]


@pytest.mark.parametrize("size, expected", [(10, 1), (1024, 1), (1025, 2), (10 * 1024, 10), (10 * 1024 + 1, 11)])
def test_writes_count_kilobytes(client, table, size, expected):
    answer = client.put_item(TableName=table, Item=sized(size), ReturnConsumedCapacity="TOTAL")
    assert units(answer) == expected
    # The larger of old and new counts.
    assert units(client.put_item(TableName=table, Item=KEY, ReturnConsumedCapacity="TOTAL")) == expected
    assert units(client.put_item(TableName=table, Item=KEY, ReturnConsumedCapacity="TOTAL")) == 1
    client.put_item(TableName=table, Item=sized(size))
    assert units(client.delete_item(TableName=table, Key=KEY, ReturnConsumedCapacity="TOTAL")) == expected
    assert units(client.delete_item(TableName=table, Key=KEY, ReturnConsumedCapacity="TOTAL")) == 1


@pytest.mark.parametrize("size, strong", [(10, 1), (4096, 1), (4097, 2), (40 * 1024, 10)])
def test_reads_count_four_kilobytes_and_half_when_eventual(client, table, size, strong):
    client.put_item(TableName=table, Item=sized(size))
    asked = {"TableName": table, "ReturnConsumedCapacity": "TOTAL"}
    assert units(client.get_item(Key=KEY, ConsistentRead=True, **asked)) == strong
    assert units(client.get_item(Key=KEY, **asked)) == strong / 2
    # Projections do not make it cheaper.
    assert units(client.get_item(Key=KEY, ProjectionExpression="pk", **asked)) == strong / 2
    condition = {"KeyConditionExpression": "pk = :k", "ExpressionAttributeValues": {":k": {"S": "k"}}}
    assert units(client.query(ConsistentRead=True, **condition, **asked)) == strong
    assert units(client.scan(**asked)) == strong / 2


def test_missing_items_cost_the_least(client, table):
    asked = {"TableName": table, "ReturnConsumedCapacity": "TOTAL"}
    assert units(client.get_item(Key=KEY, ConsistentRead=True, **asked)) == 1
    assert units(client.get_item(Key=KEY, **asked)) == 0.5
    condition = {"KeyConditionExpression": "pk = :k", "ExpressionAttributeValues": {":k": {"S": "k"}}}
    assert units(client.query(**condition, **asked)) == 0.5


def test_a_page_rounds_once(client, sorted_table):
    for number in range(8):
        item = {"pk": {"S": "k"}, "sk": {"S": str(number)}, "f": {"S": "x" * 1000}}
        client.put_item(TableName=sorted_table, Item=item)
    # 8 x (2 + 1 + 2 + 1 + 1 + 1000) = 8056 bytes: 2 units, not 8.
    answer = client.query(
        TableName=sorted_table,
        KeyConditionExpression="pk = :k",
        ExpressionAttributeValues={":k": {"S": "k"}},
        ConsistentRead=True,
        ReturnConsumedCapacity="TOTAL",
    )
    assert units(answer) == 2


def test_updates(client, table):
    asked = {"TableName": table, "Key": KEY, "ReturnConsumedCapacity": "TOTAL"}
    set_f = {"UpdateExpression": "SET f = :f"}
    large, small = {":f": {"S": "x" * 3000}}, {":f": {"S": "x"}}
    assert units(client.update_item(ExpressionAttributeValues=small, **set_f, **asked)) == 1
    assert units(client.update_item(ExpressionAttributeValues=large, **set_f, **asked)) == 3
    assert units(client.update_item(ExpressionAttributeValues=small, **set_f, **asked)) == 3
    assert units(client.update_item(ExpressionAttributeValues=small, **set_f, **asked)) == 1


def test_indexes_adds_the_tables_part(client, table):
    answer = client.put_item(TableName=table, Item=KEY, ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}}
    answer = client.put_item(TableName=table, Item=KEY, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 1.0}
    assert "ConsumedCapacity" not in client.put_item(TableName=table, Item=KEY, ReturnConsumedCapacity="NONE")
    assert "ConsumedCapacity" not in client.put_item(TableName=table, Item=KEY)


def test_batches_tell_each_table(client, table, sorted_table):
    requests = {
        table: [{"PutRequest": {"Item": sized(2000, key=f"k{number}")}} for number in range(3)],
        sorted_table: [{"PutRequest": {"Item": {"pk": {"S": "a"}, "sk": {"S": "b"}}}}],
    }
    told = client.batch_write_item(RequestItems=requests, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert {one["TableName"]: one["CapacityUnits"] for one in told} == {table: 6.0, sorted_table: 1.0}
    keys = [{"pk": {"S": f"k{number}"}} for number in range(4)]
    told = client.batch_get_item(
        RequestItems={table: {"Keys": keys, "ConsistentRead": True}}, ReturnConsumedCapacity="TOTAL"
    )["ConsumedCapacity"]
    # Three found and one missing, which costs as much.
    assert told == [{"TableName": table, "CapacityUnits": 4.0}]
