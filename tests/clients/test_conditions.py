"""ConditionExpression: what it sees, what it refuses, and that a refused write changes nothing."""

import pytest

from harness.tables import refusal

KEY = {"pk": {"S": "item"}}
ITEM = {
    **KEY,
    "n": {"N": "5"},
    "s": {"S": "hello"},
    "b": {"B": b"\x01\x02"},
    "yes": {"BOOL": True},
    "nil": {"NULL": True},
    "strings": {"SS": ["x", "y"]},
    "items": {"L": [{"S": "zero"}, {"N": "1"}]},
    "m": {"M": {"middle": {"M": {"n": {"N": "7"}}}}},
}

# Expression, values; true of ITEM.
TRUE = [
    ("n = :v", {":v": {"N": "5"}}),
    ("n = :v", {":v": {"N": "5.0"}}),
    ("n <> :v", {":v": {"N": "6"}}),
    ("n <> :v", {":v": {"S": "5"}}),
    ("n < :v", {":v": {"N": "10"}}),
    ("n >= :v", {":v": {"N": "5"}}),
    (":v > n", {":v": {"N": "10"}}),
    ("s > :v", {":v": {"S": "hell"}}),
    ("b < :v", {":v": {"B": b"\x01\x03"}}),
    ("n BETWEEN :lo AND :hi", {":lo": {"N": "5"}, ":hi": {"N": "5"}}),
    ("n IN (:a, :b)", {":a": {"N": "4"}, ":b": {"N": "5"}}),
    ("attribute_exists(s)", {}),
    ("attribute_exists(m.middle.n)", {}),
    ("attribute_not_exists(nothing)", {}),
    ("attribute_not_exists(m.middle.x)", {}),
    ("attribute_type(strings, :t)", {":t": {"S": "SS"}}),
    ("attribute_type(nil, :t)", {":t": {"S": "NULL"}}),
    ("begins_with(s, :v)", {":v": {"S": "he"}}),
    ("begins_with(b, :v)", {":v": {"B": b"\x01"}}),
    ("contains(s, :v)", {":v": {"S": "ell"}}),
    ("contains(strings, :v)", {":v": {"S": "x"}}),
    ("contains(#items, :v)", {":v": {"N": "1"}}),
    ("size(s) = :v", {":v": {"N": "5"}}),
    ("size(strings) < size(s)", {}),
    ("m.middle.n = :v", {":v": {"N": "7"}}),
    ("#items[0] = :v", {":v": {"S": "zero"}}),
    ("strings = :v", {":v": {"SS": ["y", "x"]}}),
    ("NOT n = :v", {":v": {"N": "6"}}),
    ("NOT (n = :v AND s = :w)", {":v": {"N": "5"}, ":w": {"S": "another"}}),
    # AND binds more tightly than OR, NOT than both.
    ("n = :v OR s = :no AND yes = :no", {":v": {"N": "5"}, ":no": {"S": "no"}}),
    # A missing path: every comparison is false, <> is true.
    ("nothing <> :v", {":v": {"N": "1"}}),
    ("NOT nothing = :v", {":v": {"N": "1"}}),
]


@pytest.mark.parametrize("expression, values", TRUE, ids=[f"{e} {list(v.values())}" for e, v in TRUE])
def test_true_lets_the_write_through_and_its_negation_refuses_it(client, table, expression, values):
    client.put_item(TableName=table, Item=ITEM)
    more = {"ExpressionAttributeValues": values} if values else {}
    if "#items" in expression:
        more["ExpressionAttributeNames"] = {"#items": "items"}
    negation = {"ConditionExpression": f"NOT ({expression})", **more}
    code, message, status, _ = refusal(client.put_item, TableName=table, Item={**ITEM, "new": {"S": "1"}}, **negation)
    assert (code, message, status) == ("ConditionalCheckFailedException", "The conditional request failed", 400)
    refusal(client.delete_item, TableName=table, Key=KEY, **negation)
    assert "new" not in client.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"]

    client.put_item(TableName=table, Item={**ITEM, "new": {"S": "1"}}, ConditionExpression=expression, **more)
    assert "new" in client.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"]
    client.delete_item(TableName=table, Key=KEY, ConditionExpression=expression, **more)
    assert "Item" not in client.get_item(TableName=table, Key=KEY, ConsistentRead=True)


FALSE = [
    ("n = :v", {":v": {"S": "5"}}),
    ("n < :v", {":v": {"S": "9"}}),
    ("nothing = :v", {":v": {"N": "1"}}),
    ("nothing < :v", {":v": {"N": "1"}}),
    ("size(n) = :v", {":v": {"N": "1"}}),
    ("begins_with(n, :v)", {":v": {"S": "5"}}),
    ("contains(n, :v)", {":v": {"N": "5"}}),
]


@pytest.mark.parametrize("expression, values", FALSE, ids=[e for e, _ in FALSE])
def test_a_type_that_does_not_fit_is_false(client, table, expression, values):
    client.put_item(TableName=table, Item=ITEM)
    code, _, _, _ = refusal(
        client.delete_item,
        TableName=table,
        Key=KEY,
        ConditionExpression=expression,
        ExpressionAttributeValues=values,
    )
    assert code == "ConditionalCheckFailedException"


def test_create_once(client, table):
    client.put_item(TableName=table, Item=ITEM, ConditionExpression="attribute_not_exists(pk)")
    code, _, _, _ = refusal(
        client.put_item, TableName=table, Item=KEY, ConditionExpression="attribute_not_exists(pk)"
    )
    assert code == "ConditionalCheckFailedException"
    code, _, _, _ = refusal(
        client.update_item,
        TableName=table,
        Key={"pk": {"S": "absent"}},
        UpdateExpression="SET v = :v",
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues={":v": {"S": "x"}},
    )
    assert code == "ConditionalCheckFailedException"
    assert client.scan(TableName=table)["Items"][0]["s"] == {"S": "hello"}


def test_the_failed_condition_carries_the_item_if_asked(client, table):
    client.put_item(TableName=table, Item={**KEY, "v": {"N": "1"}})
    for call, more in (
        (client.put_item, {"Item": KEY}),
        (client.delete_item, {"Key": KEY}),
        (client.update_item, {"Key": KEY}),
    ):
        _, _, _, response = refusal(
            call,
            TableName=table,
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **more,
        )
        assert response["Item"] == {**KEY, "v": {"N": "1"}}
        _, _, _, response = refusal(
            call, TableName=table, ConditionExpression="attribute_not_exists(pk)", **more
        )
        assert "Item" not in response


REFUSED = [
    ("", {}, "Invalid ConditionExpression: The expression can not be empty;"),
    ("n = :w", {":v": {"N": "1"}}, "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :w"),
    ("#x = :v", {":v": {"N": "1"}}, "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #x"),
    ("size = :v", {":v": {"N": "1"}}, "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: size"),
    ("n = :v", {":v": {"N": "1"}, ":w": {"N": "1"}}, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}"),
    ("nosuch(n, :v)", {":v": {"N": "1"}}, "Invalid ConditionExpression: Invalid function name; function: nosuch"),
    ("begins_with(n)", {}, "Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1"),
    ("begins_with(n, :v)", {":v": {"N": "1"}}, "Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"),
    ("((n = :v))", {":v": {"N": "1"}}, "Invalid ConditionExpression: The expression has redundant parentheses;"),
    ("n = n", {}, "Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]"),
    ("n BETWEEN :hi AND :lo", {":hi": {"N": "5"}, ":lo": {"N": "4"}}, "Invalid ConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:4}"),
    ("n = :v n", {":v": {"N": "1"}}, 'Invalid ConditionExpression: Syntax error; token: "n", near: ":v n"'),
    ("n < :v", {":v": {"BOOL": True}}, "Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"),
    ("size(n)", {}, "Invalid ConditionExpression: The function is not allowed to be used this way in an expression; function: size"),
]


@pytest.mark.parametrize("expression, values, expected", REFUSED, ids=[e or "empty" for e, _, _ in REFUSED])
def test_impossible_conditions_are_refused(client, table, expression, values, expected):
    more = {"ExpressionAttributeValues": values} if values else {}
    code, message, status, _ = refusal(
        client.put_item, TableName=table, Item=KEY, ConditionExpression=expression, **more
    )
    assert (code, message, status) == ("ValidationException", expected, 400)
    assert client.scan(TableName=table)["Count"] == 0


def test_bounds(client, table):
    """4,096 bytes an expression, 100 operands of IN."""
    values = {f":v{number}": {"N": str(number)} for number in range(101)}
    operands = ", ".join(list(values)[:100])
    last = values.pop(":v100")
    client.put_item(
        TableName=table,
        Item=KEY,
        ConditionExpression=f"NOT n IN ({operands})",
        ExpressionAttributeValues=values,
    )
    code, message, _, _ = refusal(
        client.put_item,
        TableName=table,
        Item=KEY,
        ConditionExpression=f"NOT n IN ({operands}, :v100)",
        ExpressionAttributeValues={**values, ":v100": last},
    )
    assert (code, message) == (
        "ValidationException",
        "Invalid ConditionExpression: The IN operator is provided with too many operands; number of operands: 101",
    )
    code, message, _, _ = refusal(
        client.put_item,
        TableName=table,
        Item=KEY,
        ConditionExpression="attribute_not_exists(" + "n" * 4096 + ")",
    )
    assert code == "ValidationException" and "Expression size has exceeded the maximum allowed size" in message
