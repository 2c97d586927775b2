"""Items: every attribute type there and back, replaced, deleted, projected; keys of each type; sizes at their bounds."""

import pytest

from harness import tables
from harness.tables import refusal

KEY = {"pk": {"S": "item"}}
ITEM_BYTES_MAX = 400 * 1024

EVERY_TYPE = {
    "string": {"S": "grüße, 世界, \U0001f600, \x00, \"quoted\" \\ / \n"},
    "number": {"N": "-12.5"},
    "binary": {"B": bytes(range(256))},
    "true": {"BOOL": True},
    "false": {"BOOL": False},
    "null": {"NULL": True},
    "strings": {"SS": ["a", "b", "ä"]},
    "numbers": {"NS": ["1", "-2", "3.25"]},
    "binaries": {"BS": [b"\x00", b"\x01\x02"]},
    "list": {"L": [{"S": "x"}, {"N": "1"}, {"L": []}, {"M": {}}, {"NULL": True}]},
    "map": {"M": {"a": {"M": {"b": {"L": [{"B": b"deep"}]}}}, "with space": {"S": ""}}},
    "empty string": {"S": ""},
    "empty binary": {"B": b""},
    "empty list": {"L": []},
    "empty map": {"M": {}},
}


def same(left, right):
    """Equality with sets as sets: the service keeps no order in them."""
    if left.keys() != right.keys():
        return False
    return all(same_value(left[name], right[name]) for name in left)


def same_value(left, right):
    (kind, a), (other, b) = next(iter(left.items())), next(iter(right.items()))
    if kind != other:
        return False
    if kind in ("SS", "NS", "BS"):
        return len(a) == len(b) and set(a) == set(b)
    if kind == "M":
        return same(a, b)
    if kind == "L":
        return len(a) == len(b) and all(map(same_value, a, b))
    return a == b


def test_every_type_comes_back(client, table):
    item = {**KEY, **EVERY_TYPE}
    assert "Attributes" not in client.put_item(TableName=table, Item=item)
    assert same(client.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"], item)
    assert same(client.get_item(TableName=table, Key=KEY)["Item"], item)
    assert same(client.scan(TableName=table)["Items"][0], item)


def test_a_missing_item_is_an_answer_without_item(client, table):
    assert "Item" not in client.get_item(TableName=table, Key=KEY)


def test_put_replaces_the_whole_item(client, table):
    client.put_item(TableName=table, Item={**KEY, "a": {"S": "1"}, "b": {"S": "2"}})
    old = client.put_item(TableName=table, Item={**KEY, "c": {"S": "3"}}, ReturnValues="ALL_OLD")
    assert old["Attributes"] == {**KEY, "a": {"S": "1"}, "b": {"S": "2"}}
    assert client.get_item(TableName=table, Key=KEY)["Item"] == {**KEY, "c": {"S": "3"}}


def test_put_of_a_new_item_has_no_old_attributes(client, table):
    assert "Attributes" not in client.put_item(TableName=table, Item=KEY, ReturnValues="ALL_OLD")


def test_delete(client, table):
    client.put_item(TableName=table, Item={**KEY, "a": {"S": "1"}})
    assert client.delete_item(TableName=table, Key=KEY, ReturnValues="ALL_OLD")["Attributes"] == {**KEY, "a": {"S": "1"}}
    assert "Item" not in client.get_item(TableName=table, Key=KEY, ConsistentRead=True)
    # Deleting what is not there is no error.
    assert "Attributes" not in client.delete_item(TableName=table, Key=KEY, ReturnValues="ALL_OLD")


NUMBERS = {
    "0": "0",
    "-0": "0",
    "007": "7",
    "+5": "5",
    ".5": "0.5",
    "5.": "5",
    "1E2": "100",
    "1.50": "1.5",
    "12345678901234567890123456789012345678": "12345678901234567890123456789012345678",
    "0.00000000000000000000000000000000000001": "0.00000000000000000000000000000000000001",
    "1E125": "1" + "0" * 125,
    "9.9999999999999999999999999999999999999E125": "9" * 38 + "0" * 88,
    "-9.9999999999999999999999999999999999999E+125": "-" + "9" * 38 + "0" * 88,
    "1e-130": "0." + "0" * 129 + "1",
    "-1E-130": "-0." + "0" * 129 + "1",
}


@pytest.mark.parametrize("written", NUMBERS)
def test_numbers_come_back_plain(client, table, written):
    client.put_item(TableName=table, Item={**KEY, "n": {"N": written}})
    assert client.get_item(TableName=table, Key=KEY)["Item"]["n"] == {"N": NUMBERS[written]}


BAD_NUMBERS = {
    "": "The parameter cannot be converted to a numeric value",
    "abc": "The parameter cannot be converted to a numeric value: abc",
    "1e126": "Number overflow. Attempting to store a number with magnitude larger than supported range",
    "-1e126": "Number overflow. Attempting to store a number with magnitude larger than supported range",
    "1e-131": "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    "123456789012345678901234567890123456789": "Attempting to store more than 38 significant digits in a Number",
    "1 2": "The parameter cannot be converted to a numeric value: 1 2",
    "NaN": "The parameter cannot be converted to a numeric value: NaN",
}


@pytest.mark.parametrize("written", BAD_NUMBERS)
def test_impossible_numbers_are_refused(client, table, written):
    code, message, status, _ = refusal(client.put_item, TableName=table, Item={**KEY, "n": {"N": written}})
    assert (code, status) == ("ValidationException", 400)
    assert message == BAD_NUMBERS[written]


def test_one_number_is_one_key(client):
    with tables.temporary(client, partition_type="N") as table:
        client.put_item(TableName=table, Item={"pk": {"N": "1"}, "v": {"S": "first"}})
        client.put_item(TableName=table, Item={"pk": {"N": "1.0"}, "v": {"S": "second"}})
        client.put_item(TableName=table, Item={"pk": {"N": "10E-1"}, "v": {"S": "third"}})
        assert client.scan(TableName=table)["Items"] == [{"pk": {"N": "1"}, "v": {"S": "third"}}]


@pytest.mark.parametrize("kind, keys", [
    ("S", ["a", "ab", "b", "\x00", "\x00\x00", "ÿ", "\U0001f600", "a\x00b"]),
    ("N", ["0", "-1", "1", "1.1", "100", "-100.5", "1e-130", "9e125"]),
    ("B", [b"\x00", b"\x00\x00", b"\xff", b"\x00\xff", b"a"]),
])
def test_keys_of_each_type_are_distinct(client, kind, keys):
    with tables.temporary(client, sort_key=True, partition_type=kind, sort_type=kind) as table:
        for number, one in enumerate(keys):
            for other_number, other in enumerate(keys):
                item = {"pk": {kind: one}, "sk": {kind: other}, "v": {"S": f"{number}/{other_number}"}}
                client.put_item(TableName=table, Item=item)
        assert client.scan(TableName=table, Select="COUNT")["Count"] == len(keys) ** 2
        for number, one in enumerate(keys):
            for other_number, other in enumerate(keys):
                found = client.get_item(TableName=table, Key={"pk": {kind: one}, "sk": {kind: other}})["Item"]
                assert found["v"]["S"] == f"{number}/{other_number}"


def test_projection(client, table):
    item = {
        **KEY,
        "a": {"S": "1"},
        "list": {"L": [{"S": "zero"}, {"S": "one"}, {"S": "two"}, {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}]},
        "map": {"M": {"in": {"S": "side"}, "out": {"S": "side"}}},
        "size": {"N": "9"},
    }
    client.put_item(TableName=table, Item=item)

    def get(expression, names=None):
        more = {"ExpressionAttributeNames": names} if names else {}
        return client.get_item(TableName=table, Key=KEY, ProjectionExpression=expression, **more)["Item"]

    assert get("a") == {"a": {"S": "1"}}
    assert get("pk, nowhere") == KEY
    assert get("nowhere") == {}
    assert get("#s, #m.#i", {"#s": "size", "#m": "map", "#i": "in"}) == {"size": {"N": "9"}, "map": {"M": {"in": {"S": "side"}}}}
    # Elements of one list come back dense, in their order; a fragment of an element is one element.
    assert get("#l[2], #l[0], #l[3].y", {"#l": "list"}) == {
        "list": {"L": [{"S": "zero"}, {"S": "two"}, {"M": {"y": {"N": "2"}}}]}
    }
    assert get("#l[9]", {"#l": "list"}) == {}


def filler(total_bytes):
    """An item of exactly `total_bytes`: names and values of pk, its value and one string."""
    return {**KEY, "f": {"S": "x" * (total_bytes - len("pk") - len("item") - len("f"))}}


def test_the_largest_item_fits_and_one_byte_more_does_not(client, table):
    largest = filler(ITEM_BYTES_MAX)
    client.put_item(TableName=table, Item=largest)
    assert client.get_item(TableName=table, Key=KEY)["Item"] == largest
    code, message, status, _ = refusal(client.put_item, TableName=table, Item=filler(ITEM_BYTES_MAX + 1))
    assert (code, message, status) == ("ValidationException", "Item size has exceeded the maximum allowed size", 400)
    code, message, _, _ = refusal(
        client.update_item,
        TableName=table,
        Key=KEY,
        UpdateExpression="SET g = :g",
        ExpressionAttributeValues={":g": {"S": "y"}},
    )
    assert (code, message) == ("ValidationException", "Item size to update has exceeded the maximum allowed size")
    assert client.get_item(TableName=table, Key=KEY)["Item"] == largest


def test_key_sizes(client, sorted_table):
    longest = {"pk": {"S": "p" * 2048}, "sk": {"S": "s" * 1024}}
    client.put_item(TableName=sorted_table, Item=longest)
    assert client.get_item(TableName=sorted_table, Key=longest)["Item"] == longest
    for name, size in (("pk", 2049), ("sk", 1025)):
        code, message, _, _ = refusal(
            client.put_item, TableName=sorted_table, Item={**longest, name: {"S": "x" * size}}
        )
        assert code == "ValidationException"
        assert "exceeded the" in message and "limit of" in message


def nested(depth):
    value = {"S": "bottom"}
    for _ in range(depth):
        value = {"M": {"m": value}}
    return value


def test_nesting(client, table):
    client.put_item(TableName=table, Item={**KEY, "deep": nested(31)})
    assert client.get_item(TableName=table, Key=KEY)["Item"]["deep"] == nested(31)
    code, message, _, _ = refusal(client.put_item, TableName=table, Item={**KEY, "deep": nested(32)})
    assert code == "ValidationException" and "Nesting Levels have exceeded supported limits" in message


REFUSED_ITEMS = {
    "no key": (
        {"a": {"S": "1"}},
        "One or more parameter values were invalid: Missing the key pk in the item",
    ),
    "key of another type": (
        {"pk": {"N": "1"}},
        "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N",
    ),
    "empty key": (
        {"pk": {"S": ""}},
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "string value. Key: pk",
    ),
    "empty string set": (
        {**KEY, "s": {"SS": []}},
        "One or more parameter values were invalid: An string set  may not be empty",
    ),
    "duplicates in a string set": (
        {**KEY, "s": {"SS": ["a", "a"]}},
        "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
    ),
    "duplicates in a number set": (
        {**KEY, "s": {"NS": ["1", "1.0"]}},
        "Input collection contains duplicates",
    ),
    "no type": (
        {**KEY, "s": {}},
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    ),
    "NULL that is false": (
        {**KEY, "s": {"NULL": False}},
        "One or more parameter values were invalid: Null attribute value types must have the value of true",
    ),
}


@pytest.mark.parametrize("case", REFUSED_ITEMS)
def test_impossible_items_are_refused(client, table, case):
    item, expected = REFUSED_ITEMS[case]
    code, message, status, _ = refusal(client.put_item, TableName=table, Item=item)
    assert (code, status) == ("ValidationException", 400)
    assert message.endswith(expected)
    assert client.scan(TableName=table)["Count"] == 0


@pytest.mark.parametrize("key", [{}, {"pk": {"N": "1"}}, {**KEY, "more": {"S": "1"}}, {"other": {"S": "1"}}])
def test_keys_that_do_not_match_the_schema_are_refused(client, table, key):
    for call in (client.get_item, client.delete_item, client.update_item):
        code, message, status, _ = refusal(call, TableName=table, Key=key)
        assert (code, message, status) == (
            "ValidationException",
            "The provided key element does not match the schema",
            400,
        )
