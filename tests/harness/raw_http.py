"""HTTP below an SDK: requests byte by byte, answers with their headers, for what no SDK would send."""

import http.client
import json
import socket

CONTENT_TYPE = "application/x-amz-json-1.0"
TARGET_PREFIX = "DynamoDB_20120810."
# Any well-formed credential is accepted; a request without one is refused as the service does.
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0" * 64
)


class Answer:
    """status, headers (lower-case names) and body of one response."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def error_name(self):
        """The part of __type after '#', or None where the body is no error."""
        try:
            return self.json().get("__type", "").partition("#")[2] or None
        except (ValueError, AttributeError):
            return None

    def __repr__(self):
        return f"Answer({self.status}, {self.headers}, {self.body[:300]!r})"


def headers_for(operation, **more):
    headers = {
        "Content-Type": CONTENT_TYPE,
        "X-Amz-Target": TARGET_PREFIX + operation,
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": AUTHORIZATION,
    }
    headers.update({name.replace("_", "-"): value for name, value in more.items()})
    return headers


def call(port, operation, body, timeout=60, **headers):
    """One POST on a connection of its own. `body`: bytes, text, or an object to be written as JSON."""
    return request(port, "POST", "/", encode(body), headers_for(operation, **headers), timeout)


def request(port, method, path, body, headers, timeout=60):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()


def encode(body):
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def request_bytes(operation, body, **headers):
    """A whole request as bytes, to be sent in pieces or back to back."""
    payload = encode(body)
    lines = ["POST / HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers_for(operation, **headers).items()]
    lines += [f"Content-Length: {len(payload)}", "", ""]
    return "\r\n".join(lines).encode() + payload


def connect(port, timeout=60):
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def send_raw(port, data, timeout=30):
    """Sends bytes as they are and reads until an answer is whole. Returns it, or None where the server closed without one."""
    with connect(port, timeout) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it read everything; the answer may still be there
        return read_answer(connection)


def read_answer(connection):
    response = http.client.HTTPResponse(connection, method="POST")
    try:
        response.begin()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    except (http.client.RemoteDisconnected, http.client.BadStatusLine, http.client.IncompleteRead):
        return None
    except (ConnectionResetError, BrokenPipeError):
        return None
