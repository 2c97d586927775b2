"""BatchWriteItem and BatchGetItem: whole batches, their bounds, and that a refused batch writes nothing."""

from harness import tables
from harness.tables import refusal


def put(number, **more):
    return {"PutRequest": {"Item": {"pk": {"S": f"k{number}"}, **more}}}


def delete(number):
    return {"DeleteRequest": {"Key": {"pk": {"S": f"k{number}"}}}}


def test_write_and_get(client, table, sorted_table):
    requests = {
        table: [put(number) for number in range(20)],
        sorted_table: [
            {"PutRequest": {"Item": {"pk": {"S": "x"}, "sk": {"S": str(number)}, "v": {"N": str(number)}}}}
            for number in range(5)
        ],
    }
    assert client.batch_write_item(RequestItems=requests)["UnprocessedItems"] == {}
    answer = client.batch_get_item(
        RequestItems={
            table: {"Keys": [{"pk": {"S": f"k{number}"}} for number in range(30)], "ConsistentRead": True},
            sorted_table: {
                "Keys": [{"pk": {"S": "x"}, "sk": {"S": str(number)}} for number in range(3)],
                "ProjectionExpression": "v",
            },
        }
    )
    assert answer["UnprocessedKeys"] == {}
    assert {item["pk"]["S"] for item in answer["Responses"][table]} == {f"k{number}" for number in range(20)}
    assert sorted(item["v"]["N"] for item in answer["Responses"][sorted_table]) == ["0", "1", "2"]
    assert all(set(item) == {"v"} for item in answer["Responses"][sorted_table])


def test_puts_replace_and_deletes_delete(client, table):
    tables.put_many(client, table, [{"pk": {"S": f"k{number}"}, "a": {"S": "old"}} for number in range(3)])
    client.batch_write_item(RequestItems={table: [put(0, b={"S": "new"}), delete(1), delete(99)]})
    left = {item["pk"]["S"]: item for item in client.scan(TableName=table)["Items"]}
    assert left == {
        "k0": {"pk": {"S": "k0"}, "b": {"S": "new"}},
        "k2": {"pk": {"S": "k2"}, "a": {"S": "old"}},
    }


def test_missing_items_are_left_out(client, table):
    answer = client.batch_get_item(RequestItems={table: {"Keys": [{"pk": {"S": "none"}}]}})
    assert answer["Responses"] == {table: []}


def test_sixteen_megabytes_an_answer(client, table):
    """More than fits an answer comes back as UnprocessedKeys, and nothing is lost on the way."""
    body = {"S": "x" * (400 * 1024 - 20)}
    for number in range(45):
        client.put_item(TableName=table, Item={"pk": {"S": f"k{number}"}, "f": body})
    left = {table: {"Keys": [{"pk": {"S": f"k{number}"}} for number in range(45)]}}
    seen, rounds = [], 0
    while left:
        answer = client.batch_get_item(RequestItems=left)
        page = answer["Responses"].get(table, [])
        assert sum(len(item["f"]["S"]) for item in page) <= 16 * 1024 * 1024
        seen += [item["pk"]["S"] for item in page]
        left = answer["UnprocessedKeys"]
        rounds += 1
        assert rounds <= 45
    assert rounds > 1
    assert sorted(seen) == sorted(f"k{number}" for number in range(45))


def refused(call, requests):
    code, message, status, _ = refusal(call, RequestItems=requests)
    assert (code, status) == ("ValidationException", 400)
    return message


def test_bounds(client, table):
    assert "Member must have length less than or equal to 25" in refused(
        client.batch_write_item, {table: [put(number) for number in range(26)]}
    )
    assert "Member must have length less than or equal to 100" in refused(
        client.batch_get_item, {table: {"Keys": [{"pk": {"S": str(number)}} for number in range(101)]}}
    )
    client.batch_write_item(RequestItems={table: [put(number) for number in range(25)]})
    keys = [{"pk": {"S": f"k{number}"}} for number in range(100)]
    assert len(client.batch_get_item(RequestItems={table: {"Keys": keys}})["Responses"][table]) == 25


def test_duplicates_are_refused_and_nothing_is_written(client, table):
    for requests in ([put(1), put(2), put(1)], [put(1), delete(1)]):
        assert refused(client.batch_write_item, {table: requests}) == "Provided list of item keys contains duplicates"
    assert client.scan(TableName=table)["Count"] == 0
    assert (
        refused(client.batch_get_item, {table: {"Keys": [{"pk": {"S": "a"}}, {"pk": {"S": "a"}}]}})
        == "Provided list of item keys contains duplicates"
    )


def test_one_bad_member_refuses_the_whole_batch(client, table):
    bad = [
        put(1, s={"SS": ["a", "a"]}),
        put(1, n={"N": "abc"}),
        {"PutRequest": {"Item": {"other": {"S": "1"}}}},
        {"DeleteRequest": {"Key": {"pk": {"N": "1"}}}},
        put(1, f={"S": "x" * 400 * 1024}),
    ]
    for one in bad:
        refused(client.batch_write_item, {table: [put(7), one]})
    code, _, _, _ = refusal(client.batch_write_item, RequestItems={table: [put(7)], "nothing-here": [put(8)]})
    assert code == "ResourceNotFoundException"
    assert client.scan(TableName=table)["Count"] == 0
