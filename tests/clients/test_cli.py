"""The command line: what it prints, how it refuses, and that other local servers' habits work."""

import json
import signal
import subprocess
import threading
import time

import boto3
import botocore.exceptions
import pytest

from harness import raw_http, tables
from harness.server import BINARY, Server

RUN_DEADLINE_S = 30


def run(*arguments):
    """Runs a command that is to end by itself."""
    return subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=RUN_DEADLINE_S
    )


def test_version_and_help():
    version = run("--version")
    assert version.returncode == 0 and any(character.isdigit() for character in version.stdout)
    for arguments in (["--help"], ["serve", "--help"]):
        told = run(*arguments)
        assert told.returncode == 0
    assert "--data-dir" in told.stdout and "--in-memory" in told.stdout


@pytest.mark.parametrize("arguments, named", [
    (["serve", "--no-such-option"], "--no-such-option"),
    (["serve", "--port", "many"], "port"),
    (["serve", "--port", "70000"], "port"),
    (["serve", "--in-memory", "--host", "no address at all"], "no address at all"),
])
def test_what_cannot_be_done_is_refused_by_name(arguments, named):
    refused = run(*arguments)
    assert refused.returncode != 0
    assert named in refused.stderr
    assert len(refused.stderr.splitlines()) < 10, "a line that helps, no page"


def test_a_port_that_is_taken(server):
    refused = run("serve", "--in-memory", "--port", str(server.port), "--admin-port", "0")
    assert refused.returncode != 0
    assert str(server.port) in refused.stderr


def test_flags_of_the_local_server_people_run_today():
    class Dashed(Server):
        def command(self):
            return [self.binary, "-port", str(self.port), "-inMemory", "-sharedDb", "--admin-port", str(self.admin_port)]

    server = Dashed()
    server.start()
    try:
        assert server.client().list_tables()["TableNames"] == []
        assert server.stop() == 0
    finally:
        if server.alive():
            server.kill()


def test_the_banners_lines_are_all_an_sdk_needs(server, monkeypatch):
    """Each 'export' of the banner, pasted: boto3 then works without another setting."""
    exported = {}
    for line in server.log_path.read_text().splitlines():
        words = line.split()
        if words[:1] == ["export"]:
            exported.update(word.split("=", 1) for word in words[1:])
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    assert "TableNames" in boto3.client("dynamodb").list_tables()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_the_middle_of_work_is_clean(own_server, tmp_path, number):
    """Exit code 0, and what was acknowledged before the stop is there after it."""
    server = own_server(data_dir=tmp_path / "data")
    table = tables.create(server.client())
    client = server.client()
    acknowledged, enough = [], threading.Event()

    def write(writer):
        try:
            for turn in range(100_000):
                key = f"{writer}/{turn}"
                client.put_item(TableName=table, Item={"pk": {"S": key}})
                acknowledged.append(key)
                if len(acknowledged) > 200:
                    enough.set()
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            pass  # the stop: refused, or the connection ended

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for writer in writers:
        writer.start()
    assert enough.wait(60)
    server.process.send_signal(number)
    assert server.process.wait(30) == 0
    for writer in writers:
        writer.join()
    server.start()
    found = {item["pk"]["S"] for item in tables.scan_all(server.client(), table, ConsistentRead=True)}
    assert set(acknowledged) <= found


def test_an_idle_server_stops_at_once(own_server):
    """A lost wake-up once made one stop in ten take the whole time that requests in flight are given."""
    server = own_server()
    for _ in range(20):
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 3
        server.start()


def test_ready_and_alive(server):
    for path in ("/livez", "/readyz"):
        assert raw_http.request(server.admin_port, "GET", path, None, {}).status == 200
    assert raw_http.request(server.admin_port, "GET", "/nothing", None, {}).status == 404
    described = raw_http.call(server.port, "ListTables", json.dumps({}))
    assert described.status == 200
