"""The protocol below the SDKs: headers, checksums, compression, connections, and the shape of every kind of error."""

import gzip
import json
import zlib

import pytest

from harness import raw_http

KEY = {"pk": {"S": "item"}}


@pytest.fixture
def call(server):
    return lambda operation, body, **headers: raw_http.call(server.port, operation, body, **headers)


def crc32(answer):
    return str(zlib.crc32(answer.body))


def test_an_answers_headers(call, table):
    call("PutItem", {"TableName": table, "Item": KEY})
    answer = call("GetItem", {"TableName": table, "Key": KEY})
    assert (answer.status, answer.json()) == (200, {"Item": KEY})
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert answer.headers["x-amz-crc32"] == crc32(answer)
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["date"].endswith("GMT")
    identifier = answer.headers["x-amzn-requestid"]
    assert len(identifier) == 52 and identifier.isalnum() and identifier == identifier.upper()
    assert identifier != call("GetItem", {"TableName": table, "Key": KEY}).headers["x-amzn-requestid"]


def test_empty_answers_are_empty_objects(call, table):
    for operation, body in (
        ("PutItem", {"TableName": table, "Item": KEY}),
        ("GetItem", {"TableName": table, "Key": {"pk": {"S": "none"}}}),
        ("DeleteItem", {"TableName": table, "Key": KEY}),
    ):
        answer = call(operation, body)
        assert answer.body == b"{}"
        assert answer.headers["x-amz-crc32"] == crc32(answer)


def test_large_answers_are_compressed_for_those_who_ask(call, table):
    item = {**KEY, "text": {"S": "again and again " * 1000}}
    call("PutItem", {"TableName": table, "Item": item})
    plain = call("GetItem", {"TableName": table, "Key": KEY})
    assert "content-encoding" not in plain.headers and plain.json() == {"Item": item}
    packed = call("GetItem", {"TableName": table, "Key": KEY}, Accept_Encoding="gzip, deflate")
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 10
    assert packed.headers["x-amz-crc32"] == crc32(packed), "the checksum is over the bytes as sent"
    assert json.loads(gzip.decompress(packed.body)) == {"Item": item}
    refused = call("GetItem", {"TableName": table, "Key": KEY}, Accept_Encoding="gzip;q=0, identity")
    assert "content-encoding" not in refused.headers
    small = call("GetItem", {"TableName": table, "Key": {"pk": {"S": "none"}}}, Accept_Encoding="gzip")
    assert "content-encoding" not in small.headers


def test_compressed_requests(call, table):
    item = {**KEY, "text": {"S": "x" * 50_000}}
    body = gzip.compress(json.dumps({"TableName": table, "Item": item}).encode())
    assert call("PutItem", body, Content_Encoding="gzip").status == 200
    assert call("GetItem", {"TableName": table, "Key": KEY}).json() == {"Item": item}


def test_chunked_requests(server, table):
    body = json.dumps({"TableName": table, "Item": KEY}).encode()
    headers = [f"{name}: {value}" for name, value in raw_http.headers_for("PutItem").items()]
    head = "\r\n".join(["POST / HTTP/1.1", "Host: 127.0.0.1", *headers, "Transfer-Encoding: chunked", "", ""])
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[start : start + 7]), body[start : start + 7]) for start in range(0, len(body), 7)
    )
    answer = raw_http.send_raw(server.port, head.encode() + chunks + b"0\r\n\r\n")
    assert (answer.status, answer.body) == (200, b"{}")


def test_a_connection_serves_many_requests(server, table):
    with raw_http.connect(server.port) as connection:
        for number in range(100):
            item = {"pk": {"S": str(number)}}
            connection.sendall(raw_http.request_bytes("PutItem", {"TableName": table, "Item": item}))
            assert raw_http.read_answer(connection).status == 200


def test_pipelined_requests_are_answered_in_order(server, table):
    """They run at the same time, so what one writes the next need not see; their answers keep their order."""
    count = 100
    with raw_http.connect(server.port) as connection:
        stream = connection.makefile("rb")

        def pipeline(operation, requests):
            connection.sendall(b"".join(raw_http.request_bytes(operation, request) for request in requests))
            return [read_body(stream) for _ in requests]

        items = [{"pk": {"S": str(number)}} for number in range(count)]
        written = pipeline("PutItem", [{"TableName": table, "Item": item} for item in items])
        assert written == [{}] * count
        read = pipeline("GetItem", [{"TableName": table, "Key": item, "ConsistentRead": True} for item in items])
        assert read == [{"Item": item} for item in items]


def read_body(stream):
    assert stream.readline().startswith(b"HTTP/1.1 200 ")
    length = 0
    while (line := stream.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return json.loads(stream.read(length))


def test_a_request_in_single_bytes(server, table):
    with raw_http.connect(server.port) as connection:
        for byte in raw_http.request_bytes("PutItem", {"TableName": table, "Item": KEY}):
            connection.sendall(bytes([byte]))
        assert raw_http.read_answer(connection).status == 200


def test_the_connection_closes_if_asked(server, table):
    data = raw_http.request_bytes("GetItem", {"TableName": table, "Key": KEY}, Connection="close")
    with raw_http.connect(server.port, timeout=10) as connection:
        connection.sendall(data)
        assert raw_http.read_answer(connection).status == 200
        assert connection.recv(1) == b""


def test_health(server):
    answer = raw_http.request(server.port, "GET", "/", None, {})
    assert answer.status == 200 and answer.body.startswith(b"healthy")


def test_cross_origin_requests(server, table):
    answer = raw_http.call(server.port, "GetItem", {"TableName": table, "Key": KEY}, Origin="http://localhost:3000")
    assert answer.status == 200 and answer.headers["access-control-allow-origin"] == "*"
    preflight = raw_http.request(
        server.port,
        "OPTIONS",
        "/",
        None,
        {
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-amz-target,content-type",
        },
    )
    assert preflight.status == 200
    assert "x-amz-target" in preflight.headers["access-control-allow-headers"].lower()


def test_what_is_no_api_call(server):
    answer = raw_http.request(server.port, "POST", "/", b"{}", {"Content-Type": raw_http.CONTENT_TYPE})
    assert answer.status in (400, 404)
    assert "UnknownOperationException" in answer.body.decode()
    assert raw_http.request(server.port, "GET", "/nothing", None, {}).status == 404


ERRORS = {
    "ValidationException": (
        "PutItem",
        lambda table: {"TableName": table, "Item": {}},
        "com.amazon.coral.validate#ValidationException",
        "message",
    ),
    "ResourceNotFoundException": (
        "GetItem",
        lambda table: {"TableName": "nothing-here", "Key": KEY},
        "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "message",
    ),
    "ConditionalCheckFailedException": (
        "PutItem",
        lambda table: {"TableName": table, "Item": KEY, "ConditionExpression": "attribute_exists(pk)"},
        "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message",
    ),
    "SerializationException": (
        "PutItem",
        lambda table: {"TableName": table, "Item": {"pk": {"S": 5}}},
        "com.amazon.coral.service#SerializationException",
        "Message",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_the_shape_of_errors(call, table, name):
    operation, body, kind, member = ERRORS[name]
    answer = call(operation, body(table))
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert answer.headers["x-amz-crc32"] == crc32(answer)
    assert "x-amzn-requestid" in answer.headers
    assert answer.json()["__type"] == kind
    assert answer.json()[member]


def test_unknown_operations(call):
    for operation in ("NoSuchOperation", "putitem", ""):
        answer = call(operation, {})
        assert answer.status == 400
        assert answer.json()["__type"] == "com.amazon.coral.service#UnknownOperationException"


def test_a_call_without_credentials_is_served(server, table):
    """Nobody is asked who they are, unless the server is told to."""
    headers = raw_http.headers_for("GetItem")
    del headers["Authorization"]
    answer = raw_http.request(server.port, "POST", "/", json.dumps({"TableName": table, "Key": KEY}).encode(), headers)
    assert (answer.status, answer.json()) == (200, {})


def test_violated_constraints_are_counted(call):
    one = call("PutItem", {"Item": KEY}).json()["message"]
    assert one == (
        "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null"
    )
    two = call("PutItem", {}).json()["message"]
    assert two.startswith("2 validation errors detected: ")
    assert "Value null at 'item' failed to satisfy constraint: Member must not be null" in two
    assert "Value null at 'tableName' failed to satisfy constraint: Member must not be null" in two
    wrong = call("GetItem", {"TableName": "abc", "Key": KEY, "ReturnConsumedCapacity": "SOME"}).json()["message"]
    assert wrong == (
        "1 validation error detected: Value 'SOME' at 'returnConsumedCapacity' failed to satisfy constraint: "
        "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
    )


def test_strings_of_every_kind_survive(call, table):
    text = "".join(map(chr, range(0x20))) + "\"\\/\x7f\x80\u2028\u2029\ufeff\uffff\U0001f600"
    call("PutItem", {"TableName": table, "Item": {**KEY, "text": {"S": text}, text: {"S": "name"}}})
    item = call("GetItem", {"TableName": table, "Key": KEY}).json()["Item"]
    assert item == {**KEY, "text": {"S": text}, text: {"S": "name"}}


def test_metrics_and_health_on_the_admin_port(server, call, table):
    assert raw_http.request(server.admin_port, "GET", "/livez", None, {}).status == 200
    assert raw_http.request(server.admin_port, "GET", "/readyz", None, {}).status == 200

    def gets():
        lines = [
            line
            for line in server.metrics().splitlines()
            if line.startswith("stator_request_duration_seconds_count") and 'operation="GetItem"' in line
        ]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    before = gets()
    for _ in range(3):
        call("GetItem", {"TableName": table, "Key": KEY})
    assert gets() == before + 3
