"""Query: every key condition, both directions, pages by Limit and by 1 MB, filters, projections, counts."""

import pytest

from harness import tables
from harness.tables import refusal

PK = {"S": "one"}


@pytest.fixture
def rows(client, numbered_table):
    """20 rows under 'one' with sort keys 0..19, one under each of two neighbours."""
    items = [{"pk": PK, "sk": {"N": str(number)}, "even": {"BOOL": number % 2 == 0}} for number in range(20)]
    neighbours = [{"pk": {"S": other}, "sk": {"N": "5"}} for other in ("on", "one\x00", "onf")]
    tables.put_many(client, numbered_table, items + neighbours)
    return numbered_table


def sort_keys(items):
    return [int(item["sk"]["N"]) for item in items]


def query(client, table, condition="pk = :pk", values=None, **more):
    return client.query(
        TableName=table,
        KeyConditionExpression=condition,
        ExpressionAttributeValues={":pk": PK, **(values or {})},
        **more,
    )


NUMBERS = {":a": {"N": "5"}, ":b": {"N": "8"}}
CONDITIONS = [
    ("sk = :a", {":a": {"N": "5"}}, [5]),
    ("sk = :a", {":a": {"N": "5.0"}}, [5]),
    ("sk < :a", {":a": {"N": "3"}}, [0, 1, 2]),
    ("sk <= :a", {":a": {"N": "3"}}, [0, 1, 2, 3]),
    ("sk > :a", {":a": {"N": "17"}}, [18, 19]),
    ("sk >= :a", {":a": {"N": "17"}}, [17, 18, 19]),
    ("sk BETWEEN :a AND :b", NUMBERS, [5, 6, 7, 8]),
    ("sk > :a", {":a": {"N": "99"}}, []),
    (":a < sk", {":a": {"N": "17"}}, [18, 19]),
]


@pytest.mark.parametrize("condition, values, expected", CONDITIONS, ids=[c for c, _, _ in CONDITIONS])
def test_sort_key_conditions(client, rows, condition, values, expected):
    for whole in (f"pk = :pk AND {condition}", f"{condition} AND pk = :pk", f"(pk = :pk) AND ({condition})"):
        answer = query(client, rows, whole, values)
        assert sort_keys(answer["Items"]) == expected
        assert answer["Count"] == answer["ScannedCount"] == len(expected)
        assert "LastEvaluatedKey" not in answer
        assert sort_keys(query(client, rows, whole, values, ScanIndexForward=False)["Items"]) == expected[::-1]


def test_string_prefixes(client, sorted_table):
    names = ["a", "app", "apple", "application", "apply", "b", "ap\U0001f600", "ap\x00"]
    tables.put_many(client, sorted_table, [{"pk": PK, "sk": {"S": name}} for name in names])
    answer = query(client, sorted_table, "pk = :pk AND begins_with(sk, :p)", {":p": {"S": "app"}})
    assert [item["sk"]["S"] for item in answer["Items"]] == ["app", "apple", "application", "apply"]
    whole = query(client, sorted_table)["Items"]
    assert [item["sk"]["S"] for item in whole] == sorted(names, key=lambda name: name.encode())


def test_binary_prefixes(client):
    with tables.temporary(client, sort_key=True, sort_type="B") as table:
        keys = [b"\x00", b"\x01", b"\x01\x00", b"\x01\xff", b"\xff", b"\xff\xff", b"\xff\xff\x01"]
        tables.put_many(client, table, [{"pk": PK, "sk": {"B": key}} for key in keys])
        assert [item["sk"]["B"] for item in query(client, table)["Items"]] == sorted(keys)
        for prefix in (b"\x01", b"\xff", b"\xff\xff"):
            answer = query(client, table, "pk = :pk AND begins_with(sk, :p)", {":p": {"B": prefix}})
            assert [item["sk"]["B"] for item in answer["Items"]] == sorted(k for k in keys if k.startswith(prefix))


def test_numbers_sort_by_value(client, numbered_table):
    numbers = ["-1E100", "-100", "-99.5", "-1", "-0.001", "0", "1E-130", "0.001", "0.5", "1", "9", "10", "10.01", "99", "100", "1E100"]
    tables.put_many(client, numbered_table, [{"pk": PK, "sk": {"N": number}} for number in reversed(numbers)])
    found = [float(item["sk"]["N"]) for item in query(client, numbered_table)["Items"]]
    assert found == [float(number) for number in numbers]


def test_pages_by_limit(client, rows):
    for forward in (True, False):
        for limit in (1, 3, 7, 20, 50):
            seen, start, pages = [], {}, 0
            while True:
                answer = query(client, rows, Limit=limit, ScanIndexForward=forward, **start)
                assert answer["ScannedCount"] <= limit
                seen += sort_keys(answer["Items"])
                pages += 1
                if "LastEvaluatedKey" not in answer:
                    break
                assert answer["LastEvaluatedKey"] == {"pk": PK, "sk": {"N": str(seen[-1])}}
                start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
            assert seen == list(range(20) if forward else range(19, -1, -1))
            # A page that stops exactly at its limit does not know that nothing follows.
            assert pages == 20 // limit + 1


def test_the_start_key_need_not_exist(client, rows):
    answer = query(client, rows, ExclusiveStartKey={"pk": PK, "sk": {"N": "16.5"}})
    assert sort_keys(answer["Items"]) == [17, 18, 19]


def test_a_page_holds_one_megabyte(client, numbered_table):
    body = {"S": "x" * 100_000}
    for number in range(15):
        client.put_item(TableName=numbered_table, Item={"pk": PK, "sk": {"N": str(number)}, "body": body})
    first = query(client, numbered_table)
    assert 10 <= first["Count"] <= 11
    assert first["LastEvaluatedKey"]["sk"] == {"N": str(first["Count"] - 1)}
    rest = query(client, numbered_table, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert sort_keys(first["Items"] + rest["Items"]) == list(range(15))
    # Counted before filter and projection.
    small = query(client, numbered_table, ProjectionExpression="sk")
    assert small["Count"] == first["Count"]
    none = query(
        client,
        numbered_table,
        FilterExpression="attribute_not_exists(body)",
    )
    assert none["Count"] == 0 and none["ScannedCount"] == first["Count"] and "LastEvaluatedKey" in none


def test_filter_and_count(client, rows):
    answer = query(client, rows, values={":yes": {"BOOL": True}}, FilterExpression="even = :yes", Limit=10)
    assert sort_keys(answer["Items"]) == [0, 2, 4, 6, 8]
    assert (answer["Count"], answer["ScannedCount"]) == (5, 10)
    counted = query(client, rows, values={":yes": {"BOOL": True}}, FilterExpression="even = :yes", Select="COUNT")
    assert "Items" not in counted
    assert (counted["Count"], counted["ScannedCount"]) == (10, 20)


def test_projection(client, rows):
    answer = query(client, rows, Limit=1, ProjectionExpression="#e", ExpressionAttributeNames={"#e": "even"})
    assert answer["Items"] == [{"even": {"BOOL": True}}]


def test_a_partition_that_is_not_there(client, rows):
    answer = client.query(
        TableName=rows, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "none"}}
    )
    assert (answer["Items"], answer["Count"], answer["ScannedCount"]) == ([], 0, 0)


REFUSED = [
    ("sk = :a", {":a": {"N": "1"}}, "Query condition missed key schema element: pk"),
    ("pk > :a", {":a": {"S": "x"}}, "Query key condition not supported"),
    ("pk = :a AND nokey = :b", {":a": PK, ":b": PK}, "Query condition missed key schema element: sk"),
    ("pk = :a AND sk <> :b", {":a": PK, ":b": {"N": "1"}}, "Invalid operator used in KeyConditionExpression: <>"),
    ("pk = :a OR sk = :b", {":a": PK, ":b": {"N": "1"}}, "Invalid operator used in KeyConditionExpression: OR"),
    ("pk = :a", {":a": {"N": "1"}}, "One or more parameter values were invalid: Condition parameter type does not match schema type"),
    ("pk = :a AND sk > :b AND sk < :c", {":a": PK, ":b": {"N": "1"}, ":c": {"N": "2"}}, "KeyConditionExpressions must only contain one condition per key"),
]


@pytest.mark.parametrize("condition, values, expected", REFUSED, ids=[c for c, _, _ in REFUSED])
def test_impossible_conditions_are_refused(client, numbered_table, condition, values, expected):
    code, message, status, _ = refusal(
        client.query,
        TableName=numbered_table,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
    )
    assert (code, status) == ("ValidationException", 400)
    assert message.endswith(expected)


def test_impossible_parameters_are_refused(client, rows):
    def refused(**more):
        code, message, status, _ = refusal(query, client, rows, **more)
        assert (code, status) == ("ValidationException", 400)
        return message

    assert refused(FilterExpression="sk > :z", values={":z": {"N": "1"}}).endswith(
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"
    )
    assert refused(IndexName="nowhere") == "The table does not have the specified index: nowhere"
    assert "starting key" in refused(ExclusiveStartKey={"pk": {"S": "other"}, "sk": {"N": "1"}})
    code, message, _, _ = refusal(client.query, TableName=rows)
    assert (code, message) == (
        "ValidationException",
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
    )
