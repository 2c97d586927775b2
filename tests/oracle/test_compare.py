"""The comparison itself: what it takes for equal, and above all what it does not."""

import pytest

from . import compare, known
from .calls import Generator, distorted
from .choices import Choices
from .table_calls import TableGenerator
from .values import schema
from .wire import Answer


def refused(message, error="ValidationException"):
    return Answer(400, {"__type": f"com.amazon.coral.validate#{error}", "message": message})


def equal(operation, request, left, right):
    return compare.normal(operation, request, left) == compare.normal(operation, request, right)


@pytest.mark.parametrize(
    "written, canonical",
    [("1.0", "1"), ("1e2", "100"), ("-0", "0"), ("007", "7"), (".5", "0.5"), ("1E-3", "0.001"), ("1E125", "1" + "0" * 125), ("abc", "abc")],
)
def test_numbers_have_one_spelling(written, canonical):
    assert compare.canonical(written) == canonical


def test_our_own_numbers_have_to_be_canonical():
    body = {"Item": {"n": {"N": "1.0"}, "l": {"L": [{"NS": ["2", "1e2"]}]}, "s": {"S": "1.0"}}}
    assert list(compare.strays(body)) == ["1.0", "1e2"]


def test_sets_have_no_order_and_lists_have():
    def items(kind, values):
        return Answer(200, {"Item": {"a": {kind: values}}})

    assert equal("GetItem", {}, items("SS", ["a", "b"]), items("SS", ["b", "a"]))
    assert not equal("GetItem", {}, items("L", [{"S": "a"}, {"S": "b"}]), items("L", [{"S": "b"}, {"S": "a"}]))


def test_a_scan_has_no_order_and_a_query_has():
    def page(*keys):
        return Answer(200, {"Count": len(keys), "Items": [{"pk": {"S": key}} for key in keys]})

    assert equal("Scan", {}, page("a", "b"), page("b", "a"))
    assert not equal("Scan", {}, page("a", "b"), page("a", "a"))
    assert not equal("Query", {}, page("a", "b"), page("b", "a"))


def test_violations_have_no_order_but_a_number():
    one, other = "Value '' at 'a' failed to satisfy constraint: x", "Value '' at 'b' failed to satisfy constraint: y"
    assert equal("Query", {}, refused(f"2 validation errors detected: {one}; {other}"), refused(f"2 validation errors detected: {other}; {one}"))
    assert not equal("Query", {}, refused(f"1 validation error detected: {one}"), refused(f"2 validation errors detected: {one}; {other}"))


def test_texts_count_but_for_tables():
    assert not equal("GetItem", {}, refused("one"), refused("other"))
    assert equal("CreateTable", {}, refused("one"), refused("other"))
    assert not equal("CreateTable", {}, refused("one"), refused("one", "ResourceInUseException"))


@pytest.mark.parametrize(
    "message, masked",
    [
        ("The table does not have the specified index: a", "The table does not have the specified index: _"),
        ("Invalid UpdateExpression: paths; path one: [l, [0]], path two: [l]", "Invalid UpdateExpression: paths; path one: _, path two: _"),
        ("Type mismatch for key sk expected: S actual: BOOL", "Type mismatch for key _ expected: _ actual: _"),
        ("size limit of2048 bytes", "size limit of0 bytes"),
    ],
)
def test_masks(message, masked):
    assert compare.masked(message) == masked


def test_a_known_difference_is_one_operation_and_one_text():
    entry = known.Known("GetItem", "shape", "The key is wrong", "Its own words", None, "why", "source")
    ours, local = [400, "ValidationException", "The key is wrong"], [400, "ValidationException", "Its own words"]
    assert entry.matches("GetItem", {}, ours, local)
    assert not entry.matches("PutItem", {}, ours, local)
    assert not entry.matches("GetItem", {}, local, ours)
    assert not entry.matches("GetItem", {}, ours, [400, "ResourceNotFoundException", "Its own words"])
    assert not entry.matches("GetItem", {}, ours, {"Item": {}})


def test_capacity_may_differ_only_as_the_entry_says():
    differs = known.DIFFERENCES["capacity of nothing read"]

    def page(units, scanned=0):
        return {"Count": 0, "Items": [], "ScannedCount": scanned, "ConsumedCapacity": {"CapacityUnits": units, "TableName": "oracle"}}

    assert differs({}, page(0.5), page(0.0))
    assert not differs({}, page(1.0), page(0.0))
    assert differs({"ConsistentRead": True}, page(1.0), page(0.0))
    assert not differs({}, page(0.5, scanned=1), page(0.0, scanned=1))


@pytest.mark.parametrize("features", [frozenset(), frozenset({"wrong", "legacy", "indexes"})], ids=["plain", "all"])
def test_generators_are_deterministic_and_leave_requests_alone(features):
    def calls(seed):
        choose = Choices.from_seed(seed)
        generator = Generator(choose, schema(choose, "indexes" in features), features)
        return [generator.call() for _ in range(20)] + [TableGenerator(choose).call() for _ in range(5)]

    for seed in range(50):
        assert calls(seed) == calls(seed)
    request = {"TableName": "oracle", "Key": {"pk": {"S": "a"}}}
    for seed in range(100):
        distorted(Choices.from_seed(seed), request)
    assert request == {"TableName": "oracle", "Key": {"pk": {"S": "a"}}}
