"""Global secondary indexes over HTTP: entries follow their items, indexes are made and dropped while writes go on, and a
write that one process answered is seen by the index at once."""

import threading

import pytest

from harness import tables
from harness.tables import GROUP_DEFINITIONS, GROUP_INDEX, refusal, scan_all
from harness.waiting import wait_until


def create(client, indexes=(GROUP_INDEX,), definitions=None):
    name = tables.unique_name("indexed")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=definitions or (GROUP_DEFINITIONS if indexes else GROUP_DEFINITIONS[:1]),
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": list(indexes)} if indexes else {}),
    )
    return name


@pytest.fixture
def table(client):
    name = create(client)
    yield name
    client.delete_table(TableName=name)


def item(pk, group=None, rank=None, **more):
    made = {"pk": {"S": pk}, **more}
    if group is not None:
        made["group"] = {"S": group}
    if rank is not None:
        made["rank"] = {"N": str(rank)}
    return made


def query(client, table, group, **more):
    return client.query(
        TableName=table,
        IndexName="by-group",
        KeyConditionExpression="#g = :g",
        ExpressionAttributeNames={"#g": "group"},
        ExpressionAttributeValues={":g": {"S": group}},
        **more,
    )["Items"]


def keys(items):
    return [one["pk"]["S"] for one in items]


def index_status(client, table):
    indexes = client.describe_table(TableName=table)["Table"].get("GlobalSecondaryIndexes", [])
    return {one["IndexName"]: one["IndexStatus"] for one in indexes}


def test_an_answered_write_is_in_the_index(client, table):
    for number in range(50):
        client.put_item(TableName=table, Item=item(f"p{number}", "g", number))
        assert len(query(client, table, "g")) == number + 1
    assert keys(query(client, table, "g", ScanIndexForward=False))[:2] == ["p49", "p48"]


def test_entries_follow_their_items(client, table):
    client.put_item(TableName=table, Item=item("a", "one", 1, note={"S": "x"}))
    client.put_item(TableName=table, Item=item("b", "one", 1))
    assert sorted(keys(query(client, table, "one"))) == ["a", "b"]
    client.update_item(
        TableName=table,
        Key={"pk": {"S": "a"}},
        UpdateExpression="SET #g = :g",
        ExpressionAttributeNames={"#g": "group"},
        ExpressionAttributeValues={":g": {"S": "two"}},
    )
    assert keys(query(client, table, "one")) == ["b"]
    assert query(client, table, "two") == [item("a", "two", 1, note={"S": "x"})]
    client.update_item(TableName=table, Key={"pk": {"S": "a"}}, UpdateExpression="REMOVE #g", ExpressionAttributeNames={"#g": "group"})
    assert query(client, table, "two") == []
    client.delete_item(TableName=table, Key={"pk": {"S": "b"}})
    assert query(client, table, "one") == []
    assert scan_all(client, table, IndexName="by-group") == []


def test_only_items_with_all_key_attributes_are_there(client, table):
    client.put_item(TableName=table, Item=item("whole", "g", 1))
    client.put_item(TableName=table, Item=item("no-rank", "g"))
    client.put_item(TableName=table, Item=item("no-group", None, 1))
    assert keys(query(client, table, "g")) == ["whole"]


def test_an_index_of_many_items_in_pages(client, table):
    rows = [item(f"p{number:03}", f"g{number % 3}", number // 3) for number in range(300)]
    tables.put_many(client, table, rows)
    wait_until(lambda: len(scan_all(client, table, IndexName="by-group")) == 300, "every item has its entry", 10)
    seen = []
    start = {}
    while True:
        page = client.query(
            TableName=table,
            IndexName="by-group",
            KeyConditionExpression="#g = :g",
            ExpressionAttributeNames={"#g": "group"},
            ExpressionAttributeValues={":g": {"S": "g1"}},
            Limit=7,
            **start,
        )
        seen += [int(one["rank"]["N"]) for one in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        assert set(page["LastEvaluatedKey"]) == {"pk", "group", "rank"}
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert seen == list(range(100))
    segments = [scan_all(client, table, IndexName="by-group", Segment=n, TotalSegments=4) for n in range(4)]
    assert sorted(pk for segment in segments for pk in keys(segment)) == sorted(keys(rows))


def test_an_index_made_later_has_what_was_there_and_what_came_meanwhile(client):
    table = create(client, indexes=())
    tables.put_many(client, table, [item(f"old{number:04}", "g", number) for number in range(1500)])
    stop = threading.Event()
    written = []

    def write():
        number = 0
        while not stop.is_set():
            client.put_item(TableName=table, Item=item(f"new{number:04}", "g", 10_000 + number))
            client.delete_item(TableName=table, Key={"pk": {"S": f"old{number:04}"}})
            number += 1
            written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        answer = client.update_table(
            TableName=table, AttributeDefinitions=GROUP_DEFINITIONS, GlobalSecondaryIndexUpdates=[{"Create": GROUP_INDEX}]
        )["TableDescription"]
        assert [one["IndexStatus"] for one in answer["GlobalSecondaryIndexes"]] == ["CREATING"]
        wait_until(lambda: index_status(client, table) == {"by-group": "ACTIVE"}, "the index is active", 30)
    finally:
        stop.set()
        writer.join()
    base = sorted(keys(scan_all(client, table, ConsistentRead=True)))
    wait_until(lambda: sorted(keys(scan_all(client, table, IndexName="by-group"))) == base, "every item has its entry", 10)
    assert written
    client.delete_table(TableName=table)


def metric(server, name):
    [value] = [line.split()[1] for line in server.metrics().splitlines() if line.startswith(name + " ")]
    return float(value)


def test_items_that_cannot_be_in_a_new_index_are_counted(own_server, tmp_path):
    """An attribute of the wrong type is no key: its item is skipped, one that lacks the attribute is not meant to be there."""
    server = own_server(data_dir=tmp_path / "data")
    client = server.client()
    table = create(client, indexes=())
    rows = [item(f"p{number:03}", "g", number) for number in range(300)]
    rows += [{**item(f"wrong{number:03}", "g"), "rank": {"S": "high"}} for number in range(40)]
    rows += [item(f"without{number:03}") for number in range(60)]
    tables.put_many(client, table, rows)
    assert metric(server, "stator_index_build_items_total") == 0
    client.update_table(
        TableName=table, AttributeDefinitions=GROUP_DEFINITIONS, GlobalSecondaryIndexUpdates=[{"Create": GROUP_INDEX}]
    )
    wait_until(lambda: index_status(client, table) == {"by-group": "ACTIVE"}, "the index is active", 30)
    assert len(scan_all(client, table, IndexName="by-group")) == 300
    assert metric(server, "stator_index_build_items_total") == 400
    assert metric(server, "stator_index_build_skipped_items_total") == 40
    assert metric(server, "stator_index_build_remaining_items") == 0
    wait_until(lambda: metric(server, "stator_index_lag_seconds") == 0, "nothing waits", 10)
    assert metric(server, "stator_index_marks_waiting") == 0


def test_a_build_under_load_goes_on_after_a_kill(own_server, tmp_path):
    """It takes a share of the time while clients ask, so that it is still under way when the process dies."""
    server = own_server(data_dir=tmp_path / "data")
    client = server.client()
    table = create(client, indexes=())
    tables.put_many(client, table, [item(f"p{number:05}", "g", number) for number in range(4000)])
    client.update_table(
        TableName=table, AttributeDefinitions=GROUP_DEFINITIONS, GlobalSecondaryIndexUpdates=[{"Create": GROUP_INDEX}]
    )

    def underway():
        client.get_item(TableName=table, Key={"pk": {"S": "p00000"}})
        return 0 < metric(server, "stator_index_build_remaining_items") < 4000

    wait_until(underway, "the build has begun", 30)
    read = metric(server, "stator_index_build_items_total")
    server.kill()
    server.start()
    client = server.client()
    wait_until(lambda: index_status(client, table) == {"by-group": "ACTIVE"}, "the index is active", 60)
    assert len(scan_all(client, table, IndexName="by-group")) == 4000
    assert metric(server, "stator_index_build_items_total") <= 4000 - read + 256, "it did not begin again"


def test_an_index_is_dropped_and_made_again(client, table):
    client.put_item(TableName=table, Item=item("a", "g", 1))
    answer = client.update_table(TableName=table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-group"}}])
    assert answer["TableDescription"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    wait_until(lambda: index_status(client, table) == {}, "the index is gone", 10)
    code, message, *_ = refusal(lambda: query(client, table, "g"))
    assert (code, message) == ("ValidationException", "The table does not have the specified index: by-group")
    client.put_item(TableName=table, Item=item("b", "g", 2))
    client.update_table(TableName=table, AttributeDefinitions=GROUP_DEFINITIONS, GlobalSecondaryIndexUpdates=[{"Create": GROUP_INDEX}])
    wait_until(lambda: index_status(client, table) == {"by-group": "ACTIVE"}, "the index is active", 30)
    assert keys(query(client, table, "g")) == ["a", "b"]


def test_the_tables_of_indexes_are_nobodys_business(client, table):
    names = [name for page in client.get_paginator("list_tables").paginate() for name in page["TableNames"]]
    assert table in names
    assert not [name for name in names if "/" in name]


def test_indexes_survive_a_kill(own_server, tmp_path):
    server = own_server(data_dir=tmp_path / "data")
    client = server.client()
    table = create(client)
    tables.put_many(client, table, [item(f"p{number}", "g", number) for number in range(200)])
    server.kill()
    server.start()
    client = server.client()
    client.put_item(TableName=table, Item=item("last", "g", 1000))
    wait_until(lambda: len(query(client, table, "g")) == 201, "every item has its entry", 10)


def test_a_cluster_keeps_its_indexes_while_leaders_die(own_cluster):
    cluster = own_cluster()
    client = cluster.client(1)
    table = create(client)
    for number in range(200):
        client.put_item(TableName=table, Item=item(f"p{number}", f"g{number % 5}", number))
        if number == 100:
            cluster.kill(2)
            client.update_item(
                TableName=table,
                Key={"pk": {"S": "p7"}},
                UpdateExpression="SET #g = :g",
                ExpressionAttributeNames={"#g": "group"},
                ExpressionAttributeValues={":g": {"S": "moved"}},
            )
    wait_until(lambda: len(scan_all(client, table, IndexName="by-group")) == 200, "every item has its entry", 30)
    assert keys(query(client, table, "moved")) == ["p7"]
    cluster.restart(2)
    cluster.wait_until_whole()
    for number in cluster.numbers:
        wait_until(lambda node=number: len(scan_all(cluster.client(node), table, IndexName="by-group")) == 200, "every item has its entry", 30)
