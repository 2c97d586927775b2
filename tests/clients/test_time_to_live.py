"""Time to live over HTTP: items are deleted once their time has come, and only then; indexes lose them too."""

import time

import pytest

from harness import tables
from harness.tables import refusal

SPECIFICATION = {"Enabled": True, "AttributeName": "expires"}


@pytest.fixture
def expiring(client, table):
    client.update_time_to_live(TableName=table, TimeToLiveSpecification=SPECIFICATION)
    return table


def in_seconds(seconds):
    return {"N": str(int(time.time()) + seconds)}


def wait_until_gone(client, table, pk, seconds=15):
    end = time.monotonic() + seconds
    while "Item" in client.get_item(TableName=table, Key={"pk": {"S": pk}}, ConsistentRead=True):
        assert time.monotonic() < end, f"{pk} is still there"
        time.sleep(0.05)


def there(client, table, pk):
    return "Item" in client.get_item(TableName=table, Key={"pk": {"S": pk}}, ConsistentRead=True)


def test_expired_items_go_and_others_stay(client, expiring):
    rows = {
        "expired": in_seconds(-60),
        "later": in_seconds(3600),
        "long-ago": in_seconds(-6 * 366 * 24 * 3600),
        "text": {"S": str(int(time.time()) - 60)},
        "negative": {"N": "-5"},
    }
    for pk, value in rows.items():
        client.put_item(TableName=expiring, Item={"pk": {"S": pk}, "expires": value})
    client.put_item(TableName=expiring, Item={"pk": {"S": "none"}})
    wait_until_gone(client, expiring, "expired")
    assert [pk for pk in [*rows, "none"] if there(client, expiring, pk)] == ["later", "long-ago", "text", "negative", "none"]


def test_an_item_expires_a_moment_after_its_time(client, expiring):
    client.put_item(TableName=expiring, Item={"pk": {"S": "soon"}, "expires": in_seconds(2)})
    assert there(client, expiring, "soon")
    wait_until_gone(client, expiring, "soon")


def test_a_life_that_was_prolonged_counts(client, expiring):
    client.put_item(TableName=expiring, Item={"pk": {"S": "a"}, "expires": in_seconds(2)})
    client.update_item(
        TableName=expiring,
        Key={"pk": {"S": "a"}},
        UpdateExpression="SET expires = :e",
        ExpressionAttributeValues={":e": in_seconds(3600)},
    )
    client.put_item(TableName=expiring, Item={"pk": {"S": "b"}, "expires": in_seconds(3)})
    wait_until_gone(client, expiring, "b")
    assert there(client, expiring, "a")


def test_items_of_before_expire_too(client, table):
    tables.put_many(client, table, [{"pk": {"S": f"p{n}"}, "expires": in_seconds(-10)} for n in range(700)])
    client.put_item(TableName=table, Item={"pk": {"S": "stays"}, "expires": in_seconds(3600)})
    client.update_time_to_live(TableName=table, TimeToLiveSpecification=SPECIFICATION)
    end = time.monotonic() + 30
    while client.scan(TableName=table, Select="COUNT", ConsistentRead=True)["Count"] != 1:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_described(client, table):
    describe = lambda: client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]  # noqa: E731
    assert describe() == {"TimeToLiveStatus": "DISABLED"}
    client.update_time_to_live(TableName=table, TimeToLiveSpecification=SPECIFICATION)
    assert describe()["AttributeName"] == "expires"
    code, message, *_ = refusal(lambda: client.update_time_to_live(TableName=table, TimeToLiveSpecification=SPECIFICATION))
    assert (code, message) == ("ValidationException", "TimeToLive is already enabled")
