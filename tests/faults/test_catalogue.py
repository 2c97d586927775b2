"""The catalogue example, end to end: loaded through 20 kills, then every record is compared, queried in pages and scanned
in segments."""

import pathlib
import random
import subprocess
import sys
import time

import pytest

from harness import tables
from harness.server import ROOT

EXAMPLES = ROOT / "examples"
sys.path.insert(0, str(EXAMPLES))
import load_packages
import packages

KILLS = 20
RECORDS = 20_000  # --long: all of them
SYNTHETIC_RECORDS = 20_000
STALL_DEADLINE_S = 60


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory, long_run):
    """(arguments for load_packages.py, the items it is to load). Without Debian's catalogue, one made up."""
    try:
        limit = None if long_run else RECORDS
        return ([] if long_run else ["--limit", str(RECORDS)]), load_packages.read_catalogue(limit)
    except load_packages.CatalogueError as error:
        print(f"{error}; a made-up catalogue is used")
        path = tmp_path_factory.mktemp("catalogue") / "dumpavail"
        path.write_text(synthetic_catalogue())
        return ["--catalogue", str(path)], load_packages.read_catalogue(path=path)


def synthetic_catalogue():
    """Records of the real ones' shape: 60 sections of very different size, dependencies, folded lines."""
    dice = random.Random(1)
    paragraphs = []
    for number in range(SYNTHETIC_RECORDS):
        section = f"section-{min(dice.randrange(60), dice.randrange(60))}"
        depends = ", ".join(f"package-{dice.randrange(SYNTHETIC_RECORDS)} (>= 1.{n})" for n in range(dice.randrange(12)))
        paragraphs.append(
            f"Package: package-{number}\nVersion: 1.{number}-1\nInstalled-Size: {dice.randrange(10**6)}\n"
            f"Depends: {depends}\nDescription: {'word ' * dice.randrange(40)}\n folded line\n"
            f"Section: {section}\nSize: {dice.randrange(10**9)}"
        )
    return "\n\n".join(paragraphs) + "\n"


@pytest.mark.timeout(3600)
def test_the_catalogue_survives_twenty_kills(own_server, tmp_path, catalogue, progress):
    arguments, items = catalogue
    server = own_server(data_dir=tmp_path / "data")
    ledger = tmp_path / "ledger"
    ledger.touch()
    command = [sys.executable, EXAMPLES / "load_packages.py", "--endpoint", server.endpoint, "--ledger", ledger]
    with open(tmp_path / "loader.log", "wb") as log:
        loader = subprocess.Popen([*command, *arguments], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        for kill in range(1, KILLS + 1):
            acknowledged = wait_for_lines(ledger, len(items) * kill // (KILLS + 2), loader, server)
            server.kill()
            seconds = server.start()
            progress(f"kill {kill}/{KILLS} at {acknowledged}/{len(items)}: serving again after {seconds * 1000:.0f} ms")
        assert loader.wait(timeout=1800) == 0, loader_output(tmp_path)
    finally:
        if loader.poll() is None:
            loader.kill()
            loader.wait()
    progress(loader_output(tmp_path).strip().splitlines()[-1])

    expected = {packages.key_of(item): item for item in items}
    assert packages.read_ledger(ledger) == set(expected), "what was acknowledged is what was to be loaded"
    server.kill()
    server.start()
    client = server.client()
    check_whole_table(client, expected)
    check_sections(client, expected)
    check_verify_command(server, ledger, progress)

    # Loading again changes nothing.
    again = subprocess.run([*command, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert again.returncode == 0, again.stdout + again.stderr
    assert client.describe_table(TableName=packages.TABLE)["Table"]["ItemCount"] == len(expected)


def wait_for_lines(path, count, loader, server):
    deadline, seen = time.monotonic() + STALL_DEADLINE_S, 0
    while (lines := path.read_bytes().count(b"\n")) < count:
        assert loader.poll() is None, f"the loader ended\n{loader_output(path.parent)}"
        server.check()
        if lines > seen:
            seen, deadline = lines, time.monotonic() + STALL_DEADLINE_S
        assert time.monotonic() < deadline, f"stuck at {lines} of {count}\n{loader_output(path.parent)}"
        time.sleep(0.002)
    return lines


def loader_output(folder):
    return pathlib.Path(folder, "loader.log").read_text(errors="replace")


def check_whole_table(client, expected):
    """Four segments together hold each record once, every field as it was."""
    found = {}
    for segment in range(4):
        for item in tables.scan_all(client, packages.TABLE, Segment=segment, TotalSegments=4, ConsistentRead=True):
            key = packages.key_of(item)
            assert key not in found, f"{key} came twice"
            found[key] = item
    assert len(found) == len(expected)
    wrong = [key for key, item in expected.items() if found.get(key) != item]
    assert wrong == []
    assert client.describe_table(TableName=packages.TABLE)["Table"]["ItemCount"] == len(expected)


def check_sections(client, expected):
    """Each section, queried in pages, is its packages in order of their names' bytes."""
    sections = {}
    for section, package in expected:
        sections.setdefault(section, []).append(package)
    for section, names in sections.items():
        items = tables.query_all(
            client,
            packages.TABLE,
            KeyConditionExpression="#s = :s",
            ExpressionAttributeNames={"#s": "Section"},
            ExpressionAttributeValues={":s": {"S": section}},
            ProjectionExpression="Package",
            PaginationConfig={"PageSize": 500},
        )
        assert [item["Package"]["S"] for item in items] == sorted(names, key=str.encode)


def check_verify_command(server, ledger, progress):
    done = subprocess.run(
        [sys.executable, EXAMPLES / "query_packages.py", "--endpoint", server.endpoint, "verify", ledger],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    progress(done.stdout.strip())
