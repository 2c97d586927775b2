"""dynamodb-admin, the web page that many use to look at local tables: what its buttons do, by the requests that they send. Only
tests/run --clients collects it."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from harness import tables
from harness.server import LOGS, ROOT
from harness.waiting import wait_until

SOURCE = pathlib.Path(__file__).with_name("admin_ui")
HOME = ROOT / "build/admin-ui"
START_DEADLINE_S = 60
NOT_FOUND = 404


@pytest.fixture(scope="module")
def program():
    """Installed, by the lock file, where that has changed."""
    installed = HOME / "installed.json"
    lock = SOURCE / "package-lock.json"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, HOME)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=HOME, check=True, timeout=600)
        shutil.copy(lock, installed)
    return HOME / "node_modules/dynamodb-admin/dist/dynamodb-admin.js"


class Page:
    """The page at one address: its requests, and what it answers."""

    def __init__(self, address):
        self.address = address

    def ask(self, method, path, body=None):
        """(status, text)."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def does(self, method, path, body=None):
        status, text = self.ask(method, path, body)
        assert status < 300, f"{method} {path}: {status} {text}"
        return text

    def items(self, table, **query):
        """What the page shows of the items."""
        return json.loads(self.does("GET", f"/tables/{table}/items?{urllib.parse.urlencode(query)}"))["Items"]


@pytest.fixture
def page(program, server):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DYNAMO_ENDPOINT": server.endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }
    command = [ROOT / "deploy/javascript", program, "--host", "127.0.0.1", "--port", str(port), "--skip-default-credentials"]
    with open(LOGS / "dynamodb-admin.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment)
    one = Page(f"http://127.0.0.1:{port}")

    def serves():
        assert process.poll() is None, (LOGS / "dynamodb-admin.log").read_text()
        try:
            return one.ask("GET", "/")[0] == 200
        except OSError:
            return False

    try:
        wait_until(serves, "dynamodb-admin serves", START_DEADLINE_S)
        yield one
    finally:
        process.kill()
        process.wait()


@pytest.mark.timeout(900)
def test_a_table_is_made_shown_edited_and_dropped(page):
    name = tables.unique_name("admin")
    page.does("POST", "/create-table", {
        "TableDefinition": {
            "TableName": name, "HashAttributeName": "artist", "HashAttributeType": "S", "RangeAttributeName": "song",
            "RangeAttributeType": "S", "ReadCapacityUnits": 3, "WriteCapacityUnits": 3,
        },
        "SecondaryIndexes": [{
            "IndexType": "global", "IndexName": "by-year", "HashAttributeName": "year", "HashAttributeType": "N",
            "ReadCapacityUnits": 3, "WriteCapacityUnits": 3,
        }],
    })
    assert name in page.does("GET", "/")
    assert name in [one["TableName"] for one in json.loads(page.does("GET", "/api/tables"))]
    assert name in page.does("GET", f"/tables/{name}")
    assert "by-year" in page.does("GET", f"/tables/{name}/meta")
    assert name in page.does("GET", f"/tables/{name}/ttl")

    for number in range(30):
        made = page.does("PUT", f"/tables/{name}/add-item", {"artist": "a", "song": f"s{number:02}", "year": 2000 + number % 3})
        assert json.loads(made) == {"artist": "a", "song": f"s{number:02}"}
    shown = page.items(name)
    assert [one["song"] for one in shown] == [f"s{number:02}" for number in range(25)], "a page of 25"

    one = {"artist": {"type": "S", "operator": "=", "value": "a"}, "song": {"type": "S", "operator": "begins_with", "value": "s2"}}
    found = page.items(name, operationType="query", queryableSelection="table", filters=json.dumps(one))
    assert [item["song"] for item in found] == [f"s{number}" for number in range(20, 30)]
    year = {"year": {"type": "N", "operator": "=", "value": "2001"}}
    wanted = {f"s{number:02}" for number in range(30) if number % 3 == 1}
    for query in ({"operationType": "query", "queryableSelection": "by-year"}, {"operationType": "scan"}):
        assert {item["song"] for item in page.items(name, filters=json.dumps(year), **query)} == wanted

    assert "s07" in page.does("GET", f"/tables/{name}/items/a,s07")
    edited = {"artist": "a", "song": "s07", "year": 1969, "tags": ["x", {"deep": True}]}
    assert json.loads(page.does("PUT", f"/tables/{name}/items/a,s07", edited)) == edited
    page.does("DELETE", f"/tables/{name}/items/a,s07")
    assert page.ask("GET", f"/tables/{name}/items/a,s07")[0] == NOT_FOUND
    status, told = page.ask("PUT", f"/tables/{name}/add-item", {"artist": "a"})
    assert status == 500 and "Missing the key song" in told, "what the server says reaches the user"

    page.does("DELETE", f"/tables/{name}/all")
    assert page.items(name) == []
    page.does("DELETE", f"/tables/{name}")
    assert name not in page.does("GET", "/")
