"""Scan: everything once, whatever the pages and the segments; filters, counts, refusals, the service's own order."""

import concurrent.futures
import decimal
import hashlib

import pytest

from harness import tables
from harness.tables import refusal

ROWS = 200


@pytest.fixture(scope="module")
def rows(shared_server):
    """A table of 200 rows under 50 partition keys, for the whole module."""
    client = shared_server.client()
    with tables.temporary(client, sort_key=True, sort_type="N", prefix="scan") as table:
        tables.put_many(
            client,
            table,
            (
                {"pk": {"S": f"p{number % 50}"}, "sk": {"N": str(number)}, "even": {"BOOL": number % 2 == 0}}
                for number in range(ROWS)
            ),
        )
        yield table


def numbers(items):
    return sorted(int(item["sk"]["N"]) for item in items)


def test_a_scan_gives_each_item_once(client, rows):
    answer = client.scan(TableName=rows)
    assert numbers(answer["Items"]) == list(range(ROWS))
    assert (answer["Count"], answer["ScannedCount"]) == (ROWS, ROWS)
    assert "LastEvaluatedKey" not in answer


@pytest.mark.parametrize("limit", [1, 7, 100, 200])
def test_pages(client, rows, limit):
    whole = client.scan(TableName=rows)["Items"]
    seen, start = [], {}
    while True:
        page = client.scan(TableName=rows, Limit=limit, **start)
        assert page["ScannedCount"] <= limit
        seen += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        last = seen[-1]
        assert page["LastEvaluatedKey"] == {"pk": last["pk"], "sk": last["sk"]}
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert seen == whole


@pytest.mark.parametrize("segments", [1, 2, 4, 7, 64])
def test_segments_share_the_table(client, rows, segments):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        parts = list(
            pool.map(
                lambda segment: tables.scan_all(
                    client, rows, Segment=segment, TotalSegments=segments, PaginationConfig={"PageSize": 17}
                ),
                range(segments),
            )
        )
    # Together, in order of segment, they are the whole scan in its order.
    assert [item for part in parts for item in part] == client.scan(TableName=rows)["Items"]
    if segments <= 4:
        assert all(parts)


def test_the_last_of_a_million_segments(client, rows):
    answer = client.scan(TableName=rows, Segment=999_999, TotalSegments=1_000_000)
    assert answer["Count"] <= 1


def test_filter_and_count(client, rows):
    answer = client.scan(
        TableName=rows, FilterExpression="even = :yes", ExpressionAttributeValues={":yes": {"BOOL": True}}
    )
    assert numbers(answer["Items"]) == list(range(0, ROWS, 2))
    assert (answer["Count"], answer["ScannedCount"]) == (ROWS // 2, ROWS)
    # Unlike a Query's, a Scan's filter may name the keys.
    answer = client.scan(
        TableName=rows,
        FilterExpression="pk = :p AND sk > :n",
        ExpressionAttributeValues={":p": {"S": "p7"}, ":n": {"N": "100"}},
        Select="COUNT",
    )
    assert (answer["Count"], answer["ScannedCount"]) == (2, ROWS)
    assert "Items" not in answer


def test_projection(client, rows):
    answer = client.scan(TableName=rows, ProjectionExpression="sk", Limit=3)
    assert all(set(item) == {"sk"} for item in answer["Items"])


def test_a_page_holds_one_megabyte(client, table):
    for number in range(15):
        client.put_item(TableName=table, Item={"pk": {"S": str(number)}, "body": {"S": "x" * 100_000}})
    first = client.scan(TableName=table)
    assert 10 <= first["Count"] <= 11
    rest = client.scan(TableName=table, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert {item["pk"]["S"] for item in first["Items"] + rest["Items"]} == {str(number) for number in range(15)}
    assert first["Count"] + rest["Count"] == 15


def test_an_empty_table(client, table):
    answer = client.scan(TableName=table)
    assert (answer["Items"], answer["Count"], answer["ScannedCount"]) == ([], 0, 0)
    assert "LastEvaluatedKey" not in answer


def service_position(key_bytes):
    """Where the service puts a partition key: MD5 over "Outliers" and the key's bytes (found by dynalite's authors)."""
    return hashlib.md5(b"Outliers" + key_bytes).digest()


def number_bytes(text):
    """The bytes of a Number: a base-100 exponent, then two digits a byte, turned around for negative numbers."""
    number = decimal.Decimal(text)
    if number == 0:
        return b"\x80"
    sign, digits, exponent = number.normalize(decimal.Context(prec=38)).as_tuple()
    if exponent % 2:  # the point stands between pairs
        digits, exponent = (*digits, 0), exponent - 1
    if len(digits) % 2:
        digits = (0, *digits)
    pairs = [10 * digits[at] + digits[at + 1] for at in range(0, len(digits), 2)]
    first = len(pairs) + exponent // 2 - 64 & 0xFF
    if not sign:
        return bytes([first, *(pair + 1 for pair in pairs)])
    end = [102] if len(pairs) < 20 else []
    return bytes([first ^ 0xFF, *(101 - pair for pair in pairs), *end])


STRINGS = [*(f"key-{number}" for number in range(60)), "\x00", "grüße", "\U0001f600", "x" * 2048]
NUMBERS = [
    "0", "1", "-1", "9", "10", "-10", "99", "100", "101", "-100", "0.1", "0.01", "0.001", "-0.001", "123.456", "-123.456",
    "1e-130", "9.9e125", "-1e-130", "-9.9e125", "12345678901234567890123456789012345678",
    "-12345678901234567890123456789012345678", "-1234567890123456789012345678901234567.8", *map(str, range(1000, 1030)),
]
BINARIES = [bytes([number]) for number in range(0, 256, 7)] + [b"\x00\x00", b"\xff" * 2048]


@pytest.mark.parametrize("kind, keys, to_bytes", [
    ("S", STRINGS, str.encode),
    ("N", NUMBERS, number_bytes),
    ("B", BINARIES, bytes),
], ids=["S", "N", "B"])
def test_partition_keys_come_in_the_services_order(client, kind, keys, to_bytes):
    with tables.temporary(client, partition_type=kind) as table:
        tables.put_many(client, table, [{"pk": {kind: key}} for key in keys])
        seen = [item["pk"][kind] for item in client.scan(TableName=table)["Items"]]
    assert len(seen) == len(keys)
    assert seen == sorted(seen, key=lambda key: service_position(to_bytes(key)))


def test_impossible_segments_are_refused(client, rows):
    cases = [
        ({"Segment": 0}, "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"),
        ({"TotalSegments": 4}, "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"),
        ({"Segment": 4, "TotalSegments": 4}, "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 4 is not less than TotalSegments: 4"),
        ({"Segment": 0, "TotalSegments": 1_000_001}, "1 validation error detected: Value '1000001' at 'totalSegments' failed to satisfy constraint: Member must have value less than or equal to 1000000"),
    ]
    for parameters, expected in cases:
        code, message, status, _ = refusal(client.scan, TableName=rows, **parameters)
        assert (code, message, status) == ("ValidationException", expected, 400)
