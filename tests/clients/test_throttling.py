"""Throughput limits over HTTP, where they are switched on: a burst and then the rate, batches that are done in part, reasons
that SDKs show, and the tag by which a table says it for itself."""

import pytest
from botocore.exceptions import ClientError

from harness import tables
from harness.server import Server
from harness.tables import refusal
from harness.waiting import wait_until

BURST_S = 300
KB = 1024


@pytest.fixture(scope="module")
def throttled():
    """A server with --throttling on, for this file."""
    server = Server(args=["--throttling", "on", "--partitions-per-table", "4"])
    server.start()
    yield server
    server.kill()


@pytest.fixture
def limited(request, throttled):
    request.node.stator_servers = [throttled]
    throttled.check()
    return throttled.client()


def make_table(client, *, read=1, write=1, indexes=(), on_demand=None, tags=()):
    name = tables.unique_name("throttled")
    throughput = {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
    mode = {"BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": on_demand} if on_demand else {}
    definitions = [{"AttributeName": "pk", "AttributeType": "S"}]
    if indexes:
        definitions.append({"AttributeName": "group", "AttributeType": "S"})
        mode["GlobalSecondaryIndexes"] = list(indexes)
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=definitions,
        Tags=[{"Key": key, "Value": value} for key, value in tags],
        **mode if on_demand else {**mode, "ProvisionedThroughput": throughput},
    )
    return name


def item(pk, kilobytes=1, **more):
    """An item that costs so many write units."""
    return {"pk": {"S": pk}, **more, "v": {"S": "x" * (kilobytes * KB - 100)}}


def put(client, table, pk="a", kilobytes=1, **more):
    client.put_item(TableName=table, Item=item(pk, kilobytes, **more))


def use_up_writes(client, table, left=0, write=1):
    """Of a table whose burst is whole. Two parts, since an item has 400 KB at most."""
    units = BURST_S * write - left
    for part in (units // 2, units - units // 2):
        put(client, table, "large", part)


def reason_of(response, member="ThrottlingReasons"):
    (one,) = response[member]
    return one["reason"], one["resource"]


def accepted(client, call):
    try:
        call()
    except (client.exceptions.ProvisionedThroughputExceededException, client.exceptions.ThrottlingException):
        return False
    return True


def refused_at_last(call, most=50, **parameters):
    """The whole answer of the first that is refused, and how many were not."""
    for done in range(most):
        try:
            call(**parameters)
        except ClientError as refused:
            return done, refused.response
    raise AssertionError(f"{most} calls and none refused")


def test_writes_have_a_burst_and_then_the_rate(limited):
    table = make_table(limited)
    use_up_writes(limited, table, left=2)
    done, response = refused_at_last(limited.put_item, TableName=table, Item=item("small"))
    assert done >= 2
    assert response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"]["Message"] == (
        "The level of configured provisioned throughput for the table was exceeded. "
        "Consider increasing your provisioning level with the UpdateTable API."
    )
    assert reason_of(response) == (
        "TableWriteProvisionedThroughputExceeded",
        f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}",
    )
    # Reads have their own, and a second later there is a unit again.
    limited.get_item(TableName=table, Key={"pk": {"S": "large"}})
    wait_until(lambda: accepted(limited, lambda: put(limited, table)), "a unit that was filled in", seconds=10)


def test_reads_have_a_burst_and_then_the_rate(limited):
    table = make_table(limited, write=1000)
    put(limited, table, "a", 300)  # 75 units when it is read consistently
    put(limited, table, "b", 4)
    key = {"pk": {"S": "a"}}
    for _ in range(3):
        limited.get_item(TableName=table, Key=key, ConsistentRead=True)
    limited.get_item(TableName=table, Key=key)
    limited.get_item(TableName=table, Key=key)
    small = {"TableName": table, "Key": {"pk": {"S": "b"}}}
    _, response = refused_at_last(limited.get_item, **small)
    assert response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert reason_of(response)[0] == "TableReadProvisionedThroughputExceeded"
    put(limited, table, "c")
    wait_until(lambda: accepted(limited, lambda: limited.get_item(TableName=table, Key=key)), "a unit", seconds=10)
    # That was larger than what was left: the debt is paid before the next.
    assert refusal(limited.get_item, **small)[2] == 400


def test_of_a_batch_of_writes_what_there_is_throughput_for(limited):
    table = make_table(limited)
    use_up_writes(limited, table, left=10)
    requests = [{"PutRequest": {"Item": item(f"b{n}")}} for n in range(25)]
    answer = limited.batch_write_item(RequestItems={table: requests}, ReturnConsumedCapacity="TOTAL")
    left = answer["UnprocessedItems"][table]
    assert 5 <= len(left) <= 15
    assert answer["ConsumedCapacity"] == [{"TableName": table, "CapacityUnits": 25.0 - len(left)}]
    assert all(request in requests for request in left)
    _, response = refused_at_last(limited.batch_write_item, RequestItems={table: requests})
    assert response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert reason_of(response)[1] == f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}"


def test_of_a_batch_of_reads_what_there_is_throughput_for(limited):
    table = make_table(limited, write=1000)
    for n in range(100):
        put(limited, table, f"b{n}", 12)  # 3 units each when read consistently, of 300
    keys = [{"pk": {"S": f"b{n}"}} for n in range(100)]
    whole = limited.batch_get_item(RequestItems={table: {"Keys": keys[:90], "ConsistentRead": True}})
    assert whole["UnprocessedKeys"] == {}
    answer = limited.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    left = answer["UnprocessedKeys"][table]
    assert left["ConsistentRead"] is True
    assert 10 <= len(answer["Responses"][table]) <= 40
    assert len(left["Keys"]) == 100 - len(answer["Responses"][table])
    _, response = refused_at_last(limited.batch_get_item, RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    assert response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert reason_of(response) == (
        "TableReadProvisionedThroughputExceeded",
        f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}",
    )


def test_a_scan_that_was_begun_goes_on_over_the_partitions(limited):
    table = make_table(limited, write=1000)
    for n in range(40):
        put(limited, table, f"b{n}", 20)  # 200 units all together
    # The second one owes what it reads from the third partition on.
    for _ in range(2):
        page = limited.scan(TableName=table, ConsistentRead=True)
        assert page["Count"] == 40 and "LastEvaluatedKey" not in page
    assert refusal(limited.scan, TableName=table)[0] == "ProvisionedThroughputExceededException"
    code, _, _, response = refusal(
        limited.query,
        TableName=table,
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "b1"}},
    )
    assert code == "ProvisionedThroughputExceededException"
    assert reason_of(response)[0] == "TableReadProvisionedThroughputExceeded"


def index(name="by-group", read=1, write=1):
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
        "ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write},
    }


def test_an_index_throttles_the_writes_that_change_it(limited):
    table = make_table(limited, read=100, write=1000, indexes=[index()])
    group = {"group": {"S": "g"}}
    put(limited, table, "a", 150, **group)
    put(limited, table, "b", 150, **group)
    put(limited, table, "c", 50, **group)  # where a little was left, it is owed now
    code, message, status, response = refusal(put, limited, table, "d", 1, **group)
    assert (code, status) == ("ProvisionedThroughputExceededException", 400)
    assert "one or more global secondary indexes of the table" in message
    assert reason_of(response) == (
        "IndexWriteProvisionedThroughputExceeded",
        f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}/index/by-group",
    )
    put(limited, table, "d")  # without the attribute
    assert "Item" not in limited.get_item(TableName=table, Key={"pk": {"S": "e"}})
    # Its reads are its own: 350 KB are 44 units, of 300.
    query = {
        "TableName": table,
        "IndexName": "by-group",
        "KeyConditionExpression": "#g = :g",
        "ExpressionAttributeNames": {"#g": "group"},
        "ExpressionAttributeValues": {":g": {"S": "g"}},
    }
    done, response = refused_at_last(limited.query, **query)
    assert 6 <= done <= 9
    assert reason_of(response) == (
        "IndexReadProvisionedThroughputExceeded",
        f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}/index/by-group",
    )
    limited.get_item(TableName=table, Key={"pk": {"S": "a"}})


def test_the_most_that_an_on_demand_table_may_take(limited):
    table = make_table(limited, on_demand={"MaxWriteRequestUnits": 1})
    use_up_writes(limited, table, left=-60)
    code, message, status, response = refusal(put, limited, table)
    assert (code, status) == ("ThrottlingException", 400)
    assert message == "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
    assert reason_of(response, "throttlingReasons")[0] == "TableWriteMaxOnDemandThroughputExceeded"
    for _ in range(10):
        limited.get_item(TableName=table, Key={"pk": {"S": "a"}})


def test_more_throughput_is_there_at_once(limited):
    table = make_table(limited)
    use_up_writes(limited, table, left=-100)  # 100 seconds of debt
    assert not accepted(limited, lambda: put(limited, table))
    limited.update_table(TableName=table, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1000})
    wait_until(lambda: accepted(limited, lambda: put(limited, table)), "a thousand units a second", seconds=10)


def test_a_table_says_off_for_itself(limited):
    table = make_table(limited, tags=[("stator:throttling", "off")])
    for n in range(3):
        put(limited, table, f"a{n}", 300)
    limited.scan(TableName=table, ConsistentRead=True)
    put(limited, table)


def test_a_table_says_on_for_itself(client):
    """On a server that throttles nothing else."""
    free = make_table(client)
    table = make_table(client)
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    for name in (free, table):
        for n in range(3):
            put(client, name, f"a{n}", 300)
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "stator:throttling", "Value": "on"}])

    def is_refused():
        return not accepted(client, lambda: put(client, table, "a", 300))

    wait_until(is_refused, "the tag counts", seconds=10)
    put(client, free, "a", 300)
    client.untag_resource(ResourceArn=arn, TagKeys=["stator:throttling"])
    wait_until(lambda: accepted(client, lambda: put(client, table)), "the tag is gone", seconds=10)
    for name in (free, table):  # the oracle counts the tables of the shared server
        client.delete_table(TableName=name)


def test_refusals_are_counted(limited, throttled):
    def counted():
        lines = throttled.metrics().splitlines()
        name = 'stator_throttle_events_total{reason="TableWriteProvisionedThroughputExceeded"}'
        (line,) = [line for line in lines if line.startswith(name)]
        return float(line.split()[-1])

    table = make_table(limited)
    use_up_writes(limited, table, left=-100)
    before = counted()
    for _ in range(3):
        refusal(put, limited, table)
    assert counted() == before + 3


def test_the_nodes_of_a_cluster_share_a_table(own_cluster):
    """Each has its part of the table's throughput, and a read finds the leader who keeps it."""
    cluster = own_cluster(args=["--throttling", "on", "--partitions-per-table", "3"])
    clients = [cluster.client(node) for node in (1, 2, 3)]
    table = make_table(clients[0], read=1, write=1)
    # Three parts of 100 units and what the seconds bring: no more than the whole burst comes through, whoever is asked.
    done = 0
    for n in range(60):
        done += accepted(clients[n % 3], lambda n=n: put(clients[n % 3], table, f"p{n}", 10))
    assert 300 <= done * 10 <= 360
    key = {"pk": {"S": "p0"}}
    reads = 0
    for n in range(1000):
        if not accepted(clients[n % 3], lambda n=n: clients[n % 3].get_item(TableName=table, Key=key)):
            break
        reads += 1
    # An item of 10 KB: 1.5 units when it is read eventually consistently, of the hundred that its leader has.
    assert 60 <= reads <= 120
