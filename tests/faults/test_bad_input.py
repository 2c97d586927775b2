"""Bad input: whatever arrives, the answer is the service's own error or a closed connection, memory stays bounded, nothing
dies, and the server serves the next one."""

import concurrent.futures
import gzip
import json
import threading
import time

import pytest

from harness import raw_http

MIB = 1024 * 1024
BODY_MAX = 16 * MIB
KEY = {"pk": {"S": "p"}, "sk": {"S": "0"}}
# What hostile clients may make the server hold above its idle state.
MEMORY_ALLOWANCE = 256 * MIB
SAMPLE_INTERVAL_S = 0.005


class MemoryWatch:
    """Samples a server's resident memory while a block runs; fails where it passed idle + allowance."""

    allowance = MEMORY_ALLOWANCE

    def __init__(self, server):
        self.server = server
        self.idle = server.rss_bytes()
        self.peak = self.idle
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _sample(self):
        while not self._done.wait(SAMPLE_INTERVAL_S):
            self.peak = max(self.peak, self.server.rss_bytes() or 0)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *rest):
        self._done.set()
        self._thread.join()
        print(f"resident memory: idle {self.idle / MIB:.0f} MiB, peak {self.peak / MIB:.0f} MiB")
        if kind is None:
            assert self.peak <= self.idle + self.allowance


@pytest.fixture(autouse=True)
def allowance(request, monkeypatch):
    if request.config.getoption("--any-memory"):
        monkeypatch.setattr(MemoryWatch, "allowance", float("inf"))


@pytest.fixture(autouse=True)
def still_serves(server, table):
    """After each test: the same process answers a write and a strong read."""
    pid = server.pid
    yield
    server.check()
    assert server.pid == pid
    client = server.client(attempts=5)
    client.put_item(TableName=table, Item={"pk": {"S": "after"}})
    assert "Item" in client.get_item(TableName=table, Key={"pk": {"S": "after"}}, ConsistentRead=True)


def nested_json(levels, kind):
    if kind == "arrays":
        return "[" * levels + "]" * levels
    if kind == "objects":
        return '{"a":' * levels + "1" + "}" * levels
    return '{"M":{"a":' * levels + '{"S":"x"}' + "}}" * levels


def item_with(value):
    return '{"TableName":"TABLE","Item":{"pk":{"S":"a"},"v":' + value + "}}"


# Operation, body (TABLE is replaced by a table that is there), the errors that the service might give.
BODIES = {
    "no body": ("PutItem", "", {"SerializationException"}),
    "only spaces": ("PutItem", "   ", {"SerializationException"}),
    "half an object": ("PutItem", '{"TableName":"TAB', {"SerializationException"}),
    "two objects": ("PutItem", "{}{}", {"SerializationException"}),
    "a list": ("PutItem", "[]", {"SerializationException", "ValidationException"}),
    "null": ("PutItem", "null", {"SerializationException", "ValidationException"}),
    "a string": ("PutItem", '"x"', {"SerializationException", "ValidationException"}),
    "a number": ("PutItem", "1", {"SerializationException", "ValidationException"}),
    "not UTF-8": ("PutItem", b'{"TableName":"\xff\xfe"}', {"SerializationException", "ValidationException"}),
    "cut UTF-8": ("PutItem", item_with('{"S":"').encode()[:-2] + b'\xe2\x82"}}}', {"SerializationException"}),
    "lone high surrogate": ("PutItem", item_with(r'{"S":"\ud800"}'), {"SerializationException"}),
    "lone low surrogate": ("PutItem", item_with(r'{"S":"\udc00"}'), {"SerializationException"}),
    "1e999": ("PutItem", item_with('{"N":1e999}'), {"SerializationException"}),
    "-1e999 as Limit": ("Scan", '{"TableName":"TABLE","Limit":-1e999}', {"SerializationException"}),
    "an integer over 64 bits": ("Scan", '{"TableName":"TABLE","Limit":99999999999999999999999}', {"SerializationException", "ValidationException"}),
    "a negative Limit": ("Scan", '{"TableName":"TABLE","Limit":-1}', {"ValidationException"}),
    "a number as table name": ("PutItem", '{"TableName":5,"Item":{}}', {"SerializationException"}),
    "a list as item": ("PutItem", '{"TableName":"TABLE","Item":[]}', {"SerializationException"}),
    "an unquoted number": ("PutItem", item_with('{"N":5}'), {"SerializationException"}),
    "a quoted boolean": ("PutItem", item_with('{"BOOL":"true"}'), {"SerializationException"}),
    "bad base64": ("PutItem", item_with('{"B":"!!!"}'), {"SerializationException"}),
    "an unknown type": ("PutItem", item_with('{"X":"y"}'), {"ValidationException", "SerializationException"}),
    "two types": ("PutItem", item_with('{"S":"a","N":"1"}'), {"ValidationException"}),
    "a null value": ("PutItem", item_with("null"), {"ValidationException", "SerializationException"}),
    "a null member": ("PutItem", item_with('{"S":null}'), {"ValidationException", "SerializationException"}),
    "a table name with a NUL": ("PutItem", r'{"TableName":"a\u0000b","Item":{"pk":{"S":"a"}}}', {"ValidationException", "ResourceNotFoundException"}),
    "a table name of a megabyte": ("PutItem", '{"TableName":"' + "x" * MIB + '","Item":{"pk":{"S":"a"}}}', {"ValidationException"}),
    "an ARN that is none": ("PutItem", '{"TableName":"arn:aws:dynamodb:::","Item":{"pk":{"S":"a"}}}', {"ValidationException", "ResourceNotFoundException", "AccessDeniedException"}),
    "a number of a million digits": ("PutItem", item_with('{"N":"' + "1" * MIB + '"}'), {"ValidationException"}),
    "an exponent of a million digits": ("PutItem", item_with('{"N":"1e' + "9" * MIB + '"}'), {"ValidationException"}),
    "a million zeros": ("PutItem", item_with('{"N":"0.' + "0" * MIB + '1"}'), {"ValidationException"}),
    "10,000 arrays": ("PutItem", item_with(nested_json(10_000, "arrays")), {"SerializationException", "ValidationException"}),
    "10,000 objects": ("PutItem", item_with(nested_json(10_000, "objects")), {"SerializationException", "ValidationException"}),
    "10,000 maps": ("PutItem", item_with(nested_json(10_000, "maps")), {"SerializationException", "ValidationException"}),
    "33 maps": ("PutItem", item_with(nested_json(33, "maps")), {"ValidationException"}),
    "5,000,000 open brackets": ("PutItem", "[" * 5_000_000, {"SerializationException", "ValidationException"}),
    "100,000 parentheses": (
        "PutItem",
        '{"TableName":"TABLE","Item":{"pk":{"S":"a"}},"ConditionExpression":"' + "(" * 100_000 + '"}',
        {"ValidationException"},
    ),
    "2,000 parentheses within the size of an expression": (
        "PutItem",
        '{"TableName":"TABLE","Item":{"pk":{"S":"a"}},"ConditionExpression":"' + "(" * 2000 + "a=b" + ")" * 2000 + '"}',
        {"ValidationException"},
    ),
    "1,300 NOTs": (
        "PutItem",
        '{"TableName":"TABLE","Item":{"pk":{"S":"a"}},"ConditionExpression":"' + "NOT " * 1000 + 'attribute_exists(pk)"}',
        {"ValidationException", "ConditionalCheckFailedException"},
    ),
    "a path of 1,000 steps": (
        "UpdateItem",
        '{"TableName":"TABLE","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET ' + "a" + ".a" * 1000 + ' = :v",'
        '"ExpressionAttributeValues":{":v":{"S":"x"}}}',
        {"ValidationException"},
    ),
    "an index beyond 64 bits": (
        "UpdateItem",
        '{"TableName":"TABLE","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET a[99999999999999999999] = :v",'
        '"ExpressionAttributeValues":{":v":{"S":"x"}}}',
        {"ValidationException"},
    ),
    "an expression with a NUL": (
        "PutItem",
        r'{"TableName":"TABLE","Item":{"pk":{"S":"a"}},"ConditionExpression":"a\u0000 = b"}',
        {"ValidationException"},
    ),
    "a negative segment": (
        "Scan",
        '{"TableName":"TABLE","Segment":-1,"TotalSegments":4}',
        {"ValidationException"},
    ),
    "a start key of nonsense": (
        "Scan",
        '{"TableName":"TABLE","ExclusiveStartKey":{"x":{"M":{}}}}',
        {"ValidationException"},
    ),
}


@pytest.mark.parametrize("case", BODIES)
def test_bodies(server, table, case):
    operation, body, expected = BODIES[case]
    data = body if isinstance(body, bytes) else body.encode()
    with MemoryWatch(server):
        answer = raw_http.call(server.port, operation, data.replace(b"TABLE", table.encode()))
    assert answer.status == 400
    assert answer.error_name() in expected


def test_duplicate_members(server, table):
    """Either refused or the last one counts, but never both."""
    body = '{"TableName":"TABLE","Item":{"pk":{"S":"a"},"v":{"S":"1"},"v":{"S":"2"}}}'.replace("TABLE", table)
    answer = raw_http.call(server.port, "PutItem", body)
    if answer.status == 200:
        item = server.client().get_item(TableName=table, Key={"pk": {"S": "a"}})["Item"]
        assert item["v"] in ({"S": "1"}, {"S": "2"})
    else:
        assert answer.error_name() in ("SerializationException", "ValidationException")


def test_a_fraction_for_an_integer_is_cut(server, table):
    """As the service does, by dynalite's tests against it: 1.5 is 1, and 0.5 is 0, which is too little."""
    for number in (1, 2):
        server.client().put_item(TableName=table, Item={"pk": {"S": str(number)}})
    answer = raw_http.call(server.port, "Scan", {"TableName": table, "Limit": 1.5})
    assert (answer.status, answer.json()["Count"]) == (200, 1)
    assert raw_http.call(server.port, "Scan", {"TableName": table, "Limit": 0.5}).error_name() == "ValidationException"


def test_the_largest_body_and_one_byte_more(server, table):
    start = json.dumps({"TableName": table, "Item": {"pk": {"S": "a"}, "f": {"S": ""}}})
    largest = start.replace('""', '"' + "x" * (BODY_MAX - len(start)) + '"')
    with MemoryWatch(server):
        answer = raw_http.call(server.port, "PutItem", largest)
        assert (answer.status, answer.error_name()) == (400, "ValidationException"), "read whole, and too large an item"
        too_large = raw_http.send_raw(server.port, raw_http.request_bytes("PutItem", largest + " "))
        assert too_large is None or too_large.status == 413


def test_seventeen_megabytes(server):
    """Refused from its announced length: an answer may come before the body has gone out, or the connection ends."""
    with MemoryWatch(server):
        answer = raw_http.send_raw(server.port, raw_http.request_bytes("PutItem", b"x" * 17 * MIB))
        assert answer is None or answer.status == 413


def test_an_endless_chunked_body_is_cut(server):
    head = "\r\n".join([
        "POST / HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in raw_http.headers_for("PutItem").items()),
        "Transfer-Encoding: chunked",
        "",
        "",
    ])
    chunk = b"%x\r\n" % MIB + b"x" * MIB + b"\r\n"
    cut = False
    with MemoryWatch(server), raw_http.connect(server.port, timeout=30) as connection:
        connection.sendall(head.encode())
        deadline = time.monotonic() + 30
        try:
            while time.monotonic() < deadline:
                connection.sendall(chunk)
        except OSError:
            cut = True
    assert cut, "the server read one body for 30 s"


def test_broken_compression(server, table):
    body = json.dumps({"TableName": table, "Item": {"pk": {"S": "a"}, "v": {"S": "x" * 10_000}}}).encode()
    packed = gzip.compress(body)
    flipped = bytearray(packed)
    flipped[-6] ^= 1  # in the checksum
    for broken in (packed[: len(packed) // 2], packed[:-4], packed[:5], b"", b"no gzip at all", bytes(flipped)):
        answer = raw_http.call(server.port, "PutItem", broken, Content_Encoding="gzip")
        assert (answer.status, answer.error_name()) == (500, "InternalServerError")
    unknown = raw_http.call(server.port, "PutItem", body, Content_Encoding="br")
    assert (unknown.status, unknown.error_name()) == (500, "InternalServerError")


def test_a_compression_bomb(server):
    """64 KiB that become 64 MiB: cut at 16 MiB."""
    bomb = gzip.compress(b" " * 64 * MIB, 9)
    assert len(bomb) < 128 * 1024
    with MemoryWatch(server):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(
                pool.map(lambda _: raw_http.call(server.port, "PutItem", bomb, Content_Encoding="gzip"), range(32))
            )
    assert all(answer.status in (400, 413, 503) for answer in answers)


def test_many_of_the_largest_bodies_at_once(server, table):
    """64 clients with 16 MiB each are a gigabyte: some may be told to come back, none may cost the memory."""
    start = json.dumps({"TableName": table, "Item": {"pk": {"S": "a"}, "f": {"S": ""}}})
    data = raw_http.request_bytes("PutItem", start.replace('""', '"' + "x" * (BODY_MAX - len(start)) + '"'))
    with MemoryWatch(server):
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(lambda _: raw_http.send_raw(server.port, data, timeout=120), range(64)))
    told = [answer.status for answer in answers if answer is not None]
    assert set(told) <= {400, 413, 503}
    assert 400 in told, "at least one was read whole and refused for what it is"


def test_many_bodies_that_never_end(server, table):
    """Each announces 16 MiB, sends one and stays: what is held for them is bounded, and others are served meanwhile."""
    head = raw_http.request_bytes("PutItem", b"x" * BODY_MAX)[: MIB]
    connections = []
    try:
        with MemoryWatch(server):
            for _ in range(100):
                connection = raw_http.connect(server.port, timeout=10)
                connections.append(connection)
                connection.setblocking(False)
                send_what_fits(connection, head)
            client = server.client(attempts=10)
            client.put_item(TableName=table, Item={"pk": {"S": "meanwhile"}})
    finally:
        for connection in connections:
            connection.close()


def send_what_fits(connection, data, patience_s=2.0):
    """Sends until all is out, the peer stops reading for `patience_s`, or closes."""
    deadline = time.monotonic() + patience_s
    while data and time.monotonic() < deadline:
        try:
            data = data[connection.send(data) :]
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            return


def test_slow_headers_hold_nobody_up(server, table):
    """200 connections send a byte of a header now and then; others are served at once."""
    data = raw_http.request_bytes("GetItem", {"TableName": table, "Key": {"pk": {"S": "a"}}})
    connections = [raw_http.connect(server.port) for _ in range(200)]
    try:
        with MemoryWatch(server):
            client = server.client()
            for offset in range(20):
                for connection in connections:
                    connection.sendall(data[offset : offset + 1])
                begun = time.monotonic()
                client.put_item(TableName=table, Item={"pk": {"S": "fast"}})
                assert time.monotonic() - begun < 5
    finally:
        for connection in connections:
            connection.close()


HEADS = {
    "no HTTP": b"hello\r\n\r\n",
    "binary": bytes(range(256)) * 16,
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 512,
    "an endless request line": b"GET /" + b"a" * MIB,
    "an endless header": b"POST / HTTP/1.1\r\nX: " + b"a" * MIB,
    "10,000 headers": b"POST / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\n",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a negative length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "a length beyond 64 bits": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "a chunk beyond 64 bits": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "a chunk of no number": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "two hosts": b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/9.9": b"POST / HTTP/9.9\r\nHost: a\r\n\r\n",
    "a NUL in a header": b"POST / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
}


@pytest.mark.parametrize("case", HEADS)
def test_heads(server, case):
    """An error answer or the end of the connection; never a 2xx."""
    with MemoryWatch(server):
        with raw_http.connect(server.port, timeout=10) as connection:
            try:
                connection.sendall(HEADS[case])
                connection.shutdown(1)
            except OSError:
                pass
            answer = raw_http.read_answer(connection)
    assert answer is None or 400 <= answer.status < 600


def test_clients_that_leave_in_the_middle(server, table):
    """Connections cut at every part of a request, and before its answer."""
    data = raw_http.request_bytes("PutItem", {"TableName": table, "Item": {"pk": {"S": "cut"}}})
    with MemoryWatch(server):
        for cut in range(0, len(data) + 1, 5):
            with raw_http.connect(server.port) as connection:
                connection.sendall(data[:cut])


def test_a_thousand_connections(server, table):
    connections = []
    try:
        with MemoryWatch(server):
            for _ in range(1000):
                connections.append(raw_http.connect(server.port))
            data = raw_http.request_bytes("GetItem", {"TableName": table, "Key": {"pk": {"S": "a"}}})
            for connection in connections[::10]:
                connection.sendall(data)
                answer = raw_http.read_answer(connection)
                assert answer is not None and answer.status in (200, 503)
    finally:
        for connection in connections:
            connection.close()


def test_large_answers_to_clients_that_do_not_read(server, sorted_table):
    """Each of 100 clients asks for many 1 MB pages on one connection and reads none: answers must not pile up in memory."""
    client = server.client()
    rows = [{"pk": {"S": "p"}, "sk": {"S": str(n)}, "f": {"S": "x" * 300_000}} for n in range(4)]
    for row in rows:
        client.put_item(TableName=sorted_table, Item=row)
    query = raw_http.request_bytes(
        "Query",
        {
            "TableName": sorted_table,
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": "p"}},
        },
    )
    connections = []
    try:
        with MemoryWatch(server):
            for _ in range(100):
                connection = raw_http.connect(server.port, timeout=10)
                connections.append(connection)
                connection.setblocking(False)
                send_what_fits(connection, query * 50, patience_s=0.2)
            answer = raw_http.call(server.port, "GetItem", {"TableName": sorted_table, "Key": KEY})
            assert answer.status in (200, 503)
    finally:
        for connection in connections:
            connection.close()
