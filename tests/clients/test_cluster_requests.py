"""Requests to a cluster: each node answers for all of it, whichever of them leads."""

import concurrent.futures
import uuid

import pytest

from harness import raw_http, tables
from harness.cluster import partitions

ROWS = 60


@pytest.fixture
def clients(cluster):
    """One for each node."""
    return [cluster.client(number) for number in cluster.numbers]


@pytest.fixture
def table(clients):
    with tables.temporary(clients[0]) as name:
        yield name


@pytest.fixture
def sorted_table(clients):
    with tables.temporary(clients[1], sort_key=True) as name:
        yield name


def row(number):
    return {"pk": {"S": f"row-{number}"}, "n": {"N": str(number)}}


def test_a_new_table_is_active_on_each_node(cluster, clients):
    name = tables.unique_name("active")
    clients[2].create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for client in clients:
        assert client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
        assert name in client.list_tables()["TableNames"]
    clients[1].delete_table(TableName=name)
    for client in clients:
        client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def test_a_table_is_spread_over_the_nodes(cluster, table):
    status = cluster.wait_until_whole()
    own = partitions(status, table)
    assert len(own) == 3, "as many as give each node a leader"
    assert sorted(partition["leader"] for partition in own) == [1, 2, 3]
    assert all(sorted(partition["replicas"]) == [1, 2, 3] for partition in own)
    # What is said of nodes is what is said of partitions.
    every = [partition for one in status["tables"] for partition in one["partitions"]]
    for node in status["nodes"]:
        assert node["leaders"] == sum(partition["leader"] == node["id"] for partition in every)
        assert node["replicas"] == sum(node["id"] in partition["replicas"] for partition in every)


def test_strong_reads_on_each_node_see_what_each_node_wrote(clients, table):
    for number in range(ROWS):
        clients[number % 3].put_item(TableName=table, Item=row(number))
        for client in clients:
            key = {"pk": row(number)["pk"]}
            assert client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"] == row(number)


def test_default_reads_where_it_was_written_are_fresh(clients, table):
    """A local replica that is behind what this node has acknowledged is not asked."""
    for number in range(ROWS):
        client = clients[number % 3]
        client.put_item(TableName=table, Item=row(number))
        assert client.get_item(TableName=table, Key={"pk": row(number)["pk"]}).get("Item") == row(number)


def test_batches_scans_and_queries_cross_the_nodes(clients, table, sorted_table):
    tables.put_many(clients[1], table, [row(number) for number in range(ROWS)])
    wanted = sorted(row(number)["pk"]["S"] for number in range(ROWS))
    for client in clients:
        items = tables.scan_all(client, table, ConsistentRead=True, PaginationConfig={"PageSize": 7})
        assert sorted(item["pk"]["S"] for item in items) == wanted
        keys = [{"pk": row(number)["pk"]} for number in range(ROWS)]
        answer = client.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        assert len(answer["Responses"][table]) == ROWS and not answer["UnprocessedKeys"]
        assert client.describe_table(TableName=table)["Table"]["ItemCount"] == ROWS
    for partition in ("a", "b", "c", "d"):
        tables.put_many(
            clients[0], sorted_table, [{"pk": {"S": partition}, "sk": {"S": f"{n:03}"}} for n in range(ROWS)]
        )
    for client in clients:
        for partition in ("a", "b", "c", "d"):
            items = tables.query_all(
                client,
                sorted_table,
                KeyConditionExpression="pk = :p",
                ExpressionAttributeValues={":p": {"S": partition}},
                ConsistentRead=True,
                PaginationConfig={"PageSize": 11},
            )
            assert [item["sk"]["S"] for item in items] == [f"{n:03}" for n in range(ROWS)]


def test_scan_segments_on_different_nodes_cover_the_table_once(clients, table):
    tables.put_many(clients[0], table, [row(number) for number in range(ROWS)])
    found = []
    for segment in range(6):
        found += tables.scan_all(clients[segment % 3], table, Segment=segment, TotalSegments=6, ConsistentRead=True)
    assert sorted(item["pk"]["S"] for item in found) == sorted(row(number)["pk"]["S"] for number in range(ROWS))


def test_increments_through_all_nodes_add_up(clients, table):
    def add(turn):
        clients[turn % 3].update_item(
            TableName=table,
            Key={"pk": {"S": f"counter-{turn % 5}"}},
            UpdateExpression="ADD hits :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        list(pool.map(add, range(300)))
    for counter in range(5):
        item = clients[0].get_item(TableName=table, Key={"pk": {"S": f"counter-{counter}"}}, ConsistentRead=True)["Item"]
        assert item["hits"] == {"N": "60"}


def test_one_of_many_wins_a_condition(clients, table):
    def take(turn):
        try:
            clients[turn % 3].put_item(
                TableName=table,
                Item={"pk": {"S": "lock"}, "owner": {"N": str(turn)}},
                ConditionExpression="attribute_not_exists(pk)",
            )
            return turn
        except clients[turn % 3].exceptions.ConditionalCheckFailedException:
            return None

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        winners = [turn for turn in pool.map(take, range(24)) if turn is not None]
    assert len(winners) == 1
    item = clients[1].get_item(TableName=table, Key={"pk": {"S": "lock"}}, ConsistentRead=True)["Item"]
    assert item["owner"] == {"N": str(winners[0])}


def test_an_sdks_retry_at_another_node_applies_once(cluster, table):
    """The SDKs send one amz-sdk-invocation-id with all attempts of a call; an attempt may reach another node."""
    invocation = str(uuid.uuid4())
    body = {
        "TableName": table,
        "Key": {"pk": {"S": "counter"}},
        "UpdateExpression": "ADD hits :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValues": "UPDATED_NEW",
    }
    for port in cluster.ports():
        answer = raw_http.call(port, "UpdateItem", body, amz_sdk_invocation_id=invocation)
        assert answer.status == 200 and answer.json()["Attributes"] == {"hits": {"N": "1"}}
    other = raw_http.call(cluster.ports()[0], "UpdateItem", body, amz_sdk_invocation_id=str(uuid.uuid4()))
    assert other.json()["Attributes"] == {"hits": {"N": "2"}}


def test_large_items_go_through_each_node(clients, table):
    body = "x" * 390_000
    for number, client in enumerate(clients):
        client.put_item(TableName=table, Item={"pk": {"S": f"large-{number}"}, "body": {"S": body}})
    for client in clients:
        for number in range(3):
            item = client.get_item(TableName=table, Key={"pk": {"S": f"large-{number}"}}, ConsistentRead=True)["Item"]
            assert item["body"]["S"] == body


def test_errors_are_the_leaders_wherever_they_are_asked_for(clients, table):
    for client in clients:
        refused = tables.refusal(client.get_item, TableName="no-such-table", Key={"pk": {"S": "x"}})
        assert refused[0] == "ResourceNotFoundException" and refused[2] == 400
        refused = tables.refusal(client.put_item, TableName=table, Item={"pk": {"N": "1"}})
        assert refused[0] == "ValidationException"
        refused = tables.refusal(
            client.delete_item, TableName=table, Key={"pk": {"S": "x"}}, ConditionExpression="attribute_exists(pk)"
        )
        assert refused[0] == "ConditionalCheckFailedException"
