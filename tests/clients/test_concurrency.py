"""Many clients at once: counters end exact, a condition lets one through, and readers never see half a write."""

import concurrent.futures
import threading

from botocore.exceptions import ClientError

KEY = {"pk": {"S": "shared"}}
THREADS = 16


def in_threads(work, count=THREADS):
    """Runs work(0) .. work(count - 1) at once and returns what they returned."""
    barrier = threading.Barrier(count)

    def run(number):
        barrier.wait()
        return work(number)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_counters_end_exact(client, table):
    rounds = 50

    def count(number):
        returned = []
        for _ in range(rounds):
            answer = client.update_item(
                TableName=table,
                Key=KEY,
                UpdateExpression="ADD hits :one SET lastby = :me",
                ExpressionAttributeValues={":one": {"N": "1"}, ":me": {"N": str(number)}},
                ReturnValues="UPDATED_NEW",
            )
            returned.append(int(answer["Attributes"]["hits"]["N"]))
        return returned

    returned = in_threads(count)
    item = client.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"]
    assert item["hits"] == {"N": str(THREADS * rounds)}
    # Each write saw a value of its own, and each thread its own writes in order.
    assert sorted(value for one in returned for value in one) == list(range(1, THREADS * rounds + 1))
    assert all(one == sorted(one) for one in returned)


def test_one_of_many_creates(client, table):
    for attempt in range(10):
        key = {"pk": {"S": f"race-{attempt}"}}

        def create(number):
            try:
                client.put_item(
                    TableName=table,
                    Item={**key, "winner": {"N": str(number)}},
                    ConditionExpression="attribute_not_exists(pk)",
                )
                return number
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"
                return None

        winners = [number for number in in_threads(create) if number is not None]
        assert len(winners) == 1
        item = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
        assert item["winner"] == {"N": str(winners[0])}


def test_compare_and_set_loses_no_update(client, table):
    client.put_item(TableName=table, Item={**KEY, "version": {"N": "0"}, "log": {"L": []}})
    rounds = 5

    def append(number):
        for turn in range(rounds):
            while True:
                item = client.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"]
                seen = int(item["version"]["N"])
                try:
                    client.update_item(
                        TableName=table,
                        Key=KEY,
                        UpdateExpression="SET version = :next, #l = list_append(#l, :entry)",
                        ConditionExpression="version = :seen",
                        ExpressionAttributeNames={"#l": "log"},
                        ExpressionAttributeValues={
                            ":seen": {"N": str(seen)},
                            ":next": {"N": str(seen + 1)},
                            ":entry": {"L": [{"S": f"{number}/{turn}"}]},
                        },
                    )
                    break
                except ClientError as error:
                    assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"

    in_threads(append, 8)
    item = client.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"]
    assert item["version"] == {"N": str(8 * rounds)}
    assert sorted(entry["S"] for entry in item["log"]["L"]) == sorted(
        f"{number}/{turn}" for number in range(8) for turn in range(rounds)
    )


def test_readers_never_see_half_a_write(client, table):
    client.put_item(TableName=table, Item={**KEY, "a": {"N": "0"}, "b": {"N": "0"}})
    done = threading.Event()

    def work(number):
        if number < 4:
            for turn in range(100):
                value = {"N": str(number * 1000 + turn)}
                client.put_item(TableName=table, Item={**KEY, "a": value, "b": value})
            if number == 0:
                done.set()
            return 0
        seen = 0
        while not done.is_set():
            item = client.get_item(TableName=table, Key=KEY, ConsistentRead=number % 2 == 0)["Item"]
            assert item["a"] == item["b"]
            seen += 1
        return seen

    assert sum(in_threads(work, 8)) > 0


def test_a_reader_sees_what_was_written_before_it_asked(client, table):
    def work(number):
        key = {"pk": {"S": f"own-{number}"}}
        for turn in range(50):
            client.put_item(TableName=table, Item={**key, "turn": {"N": str(turn)}})
            item = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
            assert item["turn"] == {"N": str(turn)}

    in_threads(work)


def test_tables_made_at_once(client):
    """Parallel test suites create their tables at the same moment."""

    def make(number):
        name = f"parallel-{number}"
        client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        client.put_item(TableName=name, Item={**KEY, "from": {"S": name}})
        item = client.get_item(TableName=name, Key=KEY, ConsistentRead=True)["Item"]
        client.delete_table(TableName=name)
        return item["from"]["S"]

    assert in_threads(make) == [f"parallel-{number}" for number in range(THREADS)]
