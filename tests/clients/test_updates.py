"""UpdateItem: each action on each kind of path, what is returned, what is refused."""

import pytest

from harness.tables import refusal

KEY = {"pk": {"S": "item"}}
START = {
    **KEY,
    "n": {"N": "10"},
    "s": {"S": "old"},
    "l": {"L": [{"S": "a"}, {"S": "b"}, {"S": "c"}]},
    "m": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
}


@pytest.fixture
def update(client, table):
    """update(expression, values, names) on START, giving what the item is afterwards."""
    client.put_item(TableName=table, Item=START)

    def run(expression, values=None, names=None, **more):
        if values:
            more["ExpressionAttributeValues"] = values
        if names:
            more["ExpressionAttributeNames"] = names
        answer = client.update_item(TableName=table, Key=KEY, UpdateExpression=expression, **more)
        run.answer = answer
        return client.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"]

    return run


def changed(**attributes):
    return {**START, **attributes}


def without(*names):
    return {name: value for name, value in START.items() if name not in names}


def test_set(update):
    assert update("SET s = :v, fresh = :w", {":v": {"S": "new"}, ":w": {"L": []}}) == changed(
        s={"S": "new"}, fresh={"L": []}
    )


def test_set_copies_an_attribute_as_it_was(update):
    item = update("SET s = n, n = s")
    assert item["s"] == {"N": "10"} and item["n"] == {"S": "old"}


def test_set_arithmetic(update):
    assert update("SET n = n + :v", {":v": {"N": "0.5"}})["n"] == {"N": "10.5"}
    assert update("SET n = :v - n", {":v": {"N": "10"}})["n"] == {"N": "-0.5"}
    assert update("SET m.x = m.x + m.y")["m"] == {"M": {"x": {"N": "3"}, "y": {"N": "2"}}}


def test_arithmetic_keeps_38_digits(update):
    nines = "9" * 37
    update("SET n = :v", {":v": {"N": nines}})
    assert update("SET n = n + :v", {":v": {"N": "1"}})["n"] == {"N": "1" + "0" * 37}


def test_if_not_exists(update):
    item = update("SET n = if_not_exists(n, :v), fresh = if_not_exists(fresh, :v)", {":v": {"N": "0"}})
    assert item["n"] == {"N": "10"} and item["fresh"] == {"N": "0"}
    assert update("SET hits = if_not_exists(hits, :zero) + :one", {":zero": {"N": "0"}, ":one": {"N": "1"}})["hits"] == {"N": "1"}


def test_list_append(update):
    assert update("SET l = list_append(l, :v)", {":v": {"L": [{"S": "d"}]}})["l"]["L"][-1] == {"S": "d"}
    assert update("SET l = list_append(:v, l)", {":v": {"L": [{"S": "z"}]}})["l"]["L"][0] == {"S": "z"}


def test_list_elements(update):
    assert update("SET l[1] = :v", {":v": {"S": "B"}})["l"]["L"] == [{"S": "a"}, {"S": "B"}, {"S": "c"}]
    # Beyond the end: appended, in the order of the indexes.
    item = update("SET l[9] = :nine, l[7] = :seven", {":nine": {"S": "9"}, ":seven": {"S": "7"}})
    assert item["l"]["L"][3:] == [{"S": "7"}, {"S": "9"}]
    # The indexes of one REMOVE are those of the list as it was.
    assert update("REMOVE l[0], l[2], l[30]")["l"]["L"] == [{"S": "B"}, {"S": "7"}, {"S": "9"}]


def test_map_members(update):
    assert update("SET m.z = :v REMOVE m.x", {":v": {"S": "new"}})["m"] == {"M": {"y": {"N": "2"}, "z": {"S": "new"}}}


def test_remove(update):
    assert update("REMOVE s, nothing, m.nothing") == without("s")


def test_add_to_numbers(update):
    item = update("ADD n :v, fresh :w", {":v": {"N": "-15"}, ":w": {"N": "3"}})
    assert item["n"] == {"N": "-5"} and item["fresh"] == {"N": "3"}


def test_add_and_delete_of_sets(update):
    assert set(update("ADD ss :v", {":v": {"SS": ["b", "c"]}})["ss"]["SS"]) == {"a", "b", "c"}
    assert set(update("DELETE ss :v", {":v": {"SS": ["a", "zz"]}})["ss"]["SS"]) == {"b", "c"}
    assert set(update("ADD ns :v", {":v": {"NS": ["2.0", "3"]}})["ns"]["NS"]) == {"1", "2", "3"}
    # An emptied set goes away with its attribute.
    assert "ss" not in update("DELETE ss :v", {":v": {"SS": ["b", "c"]}})
    assert update("ADD ss :v", {":v": {"SS": ["again"]}})["ss"] == {"SS": ["again"]}


def test_all_four_actions_at_once(update):
    item = update(
        "DELETE ss :one REMOVE s ADD n :n SET fresh = :f",
        {":one": {"SS": ["a"]}, ":n": {"N": "1"}, ":f": {"BOOL": True}},
    )
    assert item == {**without("s"), "ss": {"SS": ["b"]}, "n": {"N": "11"}, "fresh": {"BOOL": True}}


def test_update_creates_the_item(client, table):
    client.update_item(
        TableName=table, Key=KEY, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": {"S": "x"}}
    )
    assert client.get_item(TableName=table, Key=KEY)["Item"] == {**KEY, "v": {"S": "x"}}
    client.update_item(TableName=table, Key={"pk": {"S": "bare"}})
    assert client.get_item(TableName=table, Key={"pk": {"S": "bare"}})["Item"] == {"pk": {"S": "bare"}}


def test_return_values(update):
    update("SET m.x = :v, s = :w", {":v": {"N": "9"}, ":w": {"S": "new"}}, ReturnValues="UPDATED_NEW")
    assert update.answer["Attributes"] == {"m": {"M": {"x": {"N": "9"}}}, "s": {"S": "new"}}
    update("SET m.x = :v, s = :w", {":v": {"N": "8"}, ":w": {"S": "newer"}}, ReturnValues="UPDATED_OLD")
    assert update.answer["Attributes"] == {"m": {"M": {"x": {"N": "9"}}}, "s": {"S": "new"}}
    before = update("REMOVE s", ReturnValues="ALL_OLD")
    assert update.answer["Attributes"]["s"] == {"S": "newer"}
    after = update("SET s = :v", {":v": {"S": "last"}}, ReturnValues="ALL_NEW")
    assert update.answer["Attributes"] == after == {**before, "s": {"S": "last"}}
    update("REMOVE s", ReturnValues="UPDATED_NEW")
    assert "Attributes" not in update.answer
    update("SET q = :v", {":v": {"S": "1"}}, ReturnValues="NONE")
    assert "Attributes" not in update.answer


def test_return_values_of_a_new_item(client, table):
    for number, (wanted, expected) in enumerate((
        ("ALL_OLD", None),
        ("UPDATED_OLD", None),
        ("UPDATED_NEW", {"v": {"N": "1"}}),
    )):
        answer = client.update_item(
            TableName=table,
            Key={"pk": {"S": str(number)}},
            UpdateExpression="SET v = :v",
            ExpressionAttributeValues={":v": {"N": "1"}},
            ReturnValues=wanted,
        )
        assert answer.get("Attributes") == expected


LARGEST = {"N": "9" * 38 + "0" * 88}
REFUSED = [
    ("SET pk = :v", {":v": {"S": "x"}}, "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"),
    ("SET s = :v, s = :v", {":v": {"S": "x"}}, "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [s], path two: [s]"),
    ("SET m = :v REMOVE m.x", {":v": {"S": "x"}}, "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, x]"),
    ("SET s = :v SET n = :v", {":v": {"S": "x"}}, 'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;'),
    ("SET s = nothing", {}, "The provided expression refers to an attribute that does not exist in the item"),
    ("SET s = s + :v", {":v": {"N": "1"}}, "An operand in the update expression has an incorrect data type"),
    ("SET nothing.x = :v", {":v": {"N": "1"}}, "The document path provided in the update expression is invalid for update"),
    ("SET s.x = :v", {":v": {"N": "1"}}, "The document path provided in the update expression is invalid for update"),
    ("ADD s :v", {":v": {"N": "1"}}, "An operand in the update expression has an incorrect data type"),
    ("ADD n :v", {":v": {"S": "1"}}, "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"),
    ("SET s = attribute_exists(n)", {}, "Invalid UpdateExpression: The function is not allowed in an update expression; function: attribute_exists"),
    ("SET s", {}, 'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "s"'),
    ("", {}, "Invalid UpdateExpression: The expression can not be empty;"),
    ("SET n = n + :v", {":v": LARGEST}, "Number overflow. Attempting to store a number with magnitude larger than supported range"),
]


@pytest.mark.parametrize("expression, values, expected", REFUSED, ids=[e or "empty" for e, _, _ in REFUSED])
def test_impossible_updates_are_refused_and_change_nothing(client, table, expression, values, expected):
    start = {**START, "n": LARGEST} if values.get(":v") == LARGEST else START
    client.put_item(TableName=table, Item=start)
    more = {"ExpressionAttributeValues": values} if values else {}
    code, message, status, _ = refusal(
        client.update_item, TableName=table, Key=KEY, UpdateExpression=expression, **more
    )
    assert (code, status) == ("ValidationException", 400)
    assert message == expected
    stored = client.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"]
    assert {name: stored[name] for name in stored if name not in ("ss", "ns")} == {
        name: start[name] for name in start if name not in ("ss", "ns")
    }
