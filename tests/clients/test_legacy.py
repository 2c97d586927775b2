"""Legacy parameters: Expected, AttributeUpdates, AttributesToGet, KeyConditions, QueryFilter, ScanFilter."""

import pytest

from harness.tables import refusal

KEY = {"pk": {"S": "item"}}
ITEM = {
    **KEY,
    "n": {"N": "5"},
    "s": {"S": "hello"},
    "strings": {"SS": ["x", "y"]},
    "items": {"L": [{"S": "zero"}, {"N": "1"}]},
}


def condition(operator, *values):
    if not values:
        return {"ComparisonOperator": operator}
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


# Expected; true of ITEM.
TRUE = [
    {"n": {"Value": {"N": "5.0"}}},
    {"n": {"Exists": True, "Value": {"N": "5"}}},
    {"nothing": {"Exists": False}},
    {"strings": condition("EQ", {"SS": ["y", "x"]})},
    {"n": condition("NE", {"S": "5"})},
    {"nothing": condition("NE", {"N": "1"})},
    {"n": condition("LT", {"N": "6"})},
    {"n": condition("GE", {"N": "5"})},
    {"n": condition("BETWEEN", {"N": "5"}, {"N": "6"})},
    {"n": condition("IN", {"N": "4"}, {"N": "5"})},
    {"n": condition("NOT_NULL")},
    {"nothing": condition("NULL")},
    {"s": condition("CONTAINS", {"S": "ell"})},
    {"items": condition("CONTAINS", {"N": "1"})},
    {"strings": condition("NOT_CONTAINS", {"S": "z"})},
    {"s": condition("BEGINS_WITH", {"S": "he"})},
]
FALSE = [
    {"n": {"Value": {"N": "6"}}},
    {"n": {"Exists": False}},
    {"n": condition("LT", {"S": "6"})},
    {"nothing": condition("LT", {"N": "6"})},
    {"nothing": condition("NOT_CONTAINS", {"N": "6"})},
    {"n": condition("CONTAINS", {"N": "5"})},
]


@pytest.mark.parametrize("expected", TRUE, ids=str)
def test_what_is_expected_lets_the_write_through(client, table, expected):
    client.put_item(TableName=table, Item=ITEM)
    client.put_item(TableName=table, Item={**ITEM, "new": {"S": "yes"}}, Expected=expected)
    assert "new" in client.get_item(TableName=table, Key=KEY)["Item"]


@pytest.mark.parametrize("expected", FALSE, ids=str)
def test_what_is_not_expected_refuses_each_write(client, table, expected):
    client.put_item(TableName=table, Item=ITEM)
    for call in (
        lambda: client.put_item(TableName=table, Item=KEY, Expected=expected),
        lambda: client.delete_item(TableName=table, Key=KEY, Expected=expected),
        lambda: client.update_item(
            TableName=table, Key=KEY, AttributeUpdates={"n": {"Action": "DELETE"}}, Expected=expected
        ),
    ):
        assert refusal(call)[0] == "ConditionalCheckFailedException"
    assert client.get_item(TableName=table, Key=KEY)["Item"]["n"] == {"N": "5"}


def test_conditional_operator(client, table):
    client.put_item(TableName=table, Item=ITEM)
    both = {"n": {"Value": {"N": "5"}}, "s": {"Value": {"S": "no"}}}
    client.put_item(TableName=table, Item=ITEM, Expected=both, ConditionalOperator="OR")
    code, message, _, _ = refusal(lambda: client.put_item(TableName=table, Item=ITEM, Expected=both))
    assert (code, message) == ("ConditionalCheckFailedException", "The conditional request failed")


def test_attribute_updates(client, table):
    def update(updates, returned="ALL_NEW"):
        answer = client.update_item(TableName=table, Key=KEY, AttributeUpdates=updates, ReturnValues=returned)
        return answer.get("Attributes")

    assert update({"n": {"Action": "DELETE"}}) is None
    assert "Item" not in client.get_item(TableName=table, Key=KEY)
    assert update({}) == KEY
    assert update({"n": {"Value": {"N": "1"}}}, "UPDATED_NEW") == {"n": {"N": "1"}}
    assert update({"n": {"Action": "ADD", "Value": {"N": "2"}}}, "UPDATED_NEW") == {"n": {"N": "3"}}
    assert update({"l": {"Action": "ADD", "Value": {"L": [{"N": "1"}]}}}, "UPDATED_NEW") == {"l": {"L": [{"N": "1"}]}}
    update({"l": {"Action": "ADD", "Value": {"L": [{"N": "2"}]}}, "set": {"Action": "ADD", "Value": {"SS": ["a", "b"]}}})
    assert update({"set": {"Action": "DELETE", "Value": {"SS": ["a"]}}}) == {
        **KEY,
        "n": {"N": "3"},
        "l": {"L": [{"N": "1"}, {"N": "2"}]},
        "set": {"SS": ["b"]},
    }
    code, message, _, _ = refusal(lambda: update({"n": {"Action": "ADD", "Value": {"SS": ["a"]}}}))
    assert (code, message) == ("ValidationException", "Type mismatch for attribute to update")


def test_both_kinds_of_parameters_are_refused(client, table):
    code, message, _, _ = refusal(
        lambda: client.update_item(
            TableName=table,
            Key=KEY,
            AttributeUpdates={},
            Expected={},
            ConditionalOperator="AND",
            UpdateExpression="SET n = :n",
            ConditionExpression="n = :n",
        )
    )
    assert (code, message) == (
        "ValidationException",
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
        "{AttributeUpdates, Expected, ConditionalOperator} Expression parameters: {UpdateExpression, ConditionExpression}",
    )


def test_reads(client, table):
    client.put_item(TableName=table, Item=ITEM)
    answer = client.get_item(TableName=table, Key=KEY, AttributesToGet=["n", "nothing"])
    assert answer["Item"] == {"n": {"N": "5"}}
    batch = client.batch_get_item(RequestItems={table: {"Keys": [KEY], "AttributesToGet": ["s"]}})
    assert batch["Responses"][table] == [{"s": {"S": "hello"}}]
    key_conditions = {"pk": condition("EQ", KEY["pk"])}
    answer = client.query(
        TableName=table,
        KeyConditions=key_conditions,
        QueryFilter={"n": condition("GT", {"N": "4"}), "x": condition("NULL")},
        AttributesToGet=["n"],
    )
    assert answer["Items"] == [{"n": {"N": "5"}}]
    answer = client.query(
        TableName=table,
        KeyConditions=key_conditions,
        FilterExpression="n > :n",
        ExpressionAttributeValues={":n": {"N": "5"}},
    )
    assert (answer["Count"], answer["ScannedCount"]) == (0, 1)
    answer = client.scan(
        TableName=table,
        ScanFilter={"n": condition("GT", {"N": "5"}), "s": condition("BEGINS_WITH", {"S": "h"})},
        ConditionalOperator="OR",
        Select="COUNT",
    )
    assert answer["Count"] == 1
