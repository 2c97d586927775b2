"""The catalogue, loaded by workers on different nodes while each node in turn is killed and restarted: everything that was
acknowledged is there by strong read from each node, and no request failed after the SDK's own retries."""

import re
import subprocess
import sys
import time

import pytest

from test_catalogue import EXAMPLES, catalogue, check_verify_command, check_whole_table, loader_output, wait_for_lines

sys.path.insert(0, str(EXAMPLES))
import packages

KILLS = 3  # each node once
KILLS_LONG = 12

__all__ = ["catalogue"]  # a fixture


@pytest.mark.timeout(3600)
def test_the_catalogue_survives_the_loss_of_each_node(own_cluster, tmp_path, catalogue, long_run, progress):
    arguments, items = catalogue
    cluster = own_cluster()
    ledger = tmp_path / "ledger"
    ledger.touch()
    endpoints = ",".join(cluster.endpoints())
    command = [sys.executable, EXAMPLES / "load_packages.py", "--endpoints", endpoints, "--ledger", ledger, *arguments]
    kills = KILLS_LONG if long_run else KILLS
    with open(tmp_path / "loader.log", "wb") as log:
        loader = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        for kill in range(1, kills + 1):
            acknowledged = wait_for_lines(ledger, len(items) * kill // (kills + 2), loader, cluster)
            node = 1 + kill % 3
            cluster.kill(node)
            # Loading goes on without it.
            more = min(acknowledged + len(items) // (4 * (kills + 2)), len(items))
            wait_for_lines(ledger, more, loader, cluster)
            begun = time.monotonic()
            cluster.restart(node)
            progress(f"kill {kill}/{kills}: node {node} at {acknowledged}/{len(items)}, "
                     f"ready again {(time.monotonic() - begun) * 1000:.0f} ms after its restart")
            # The next one goes only once nothing depends on it alone.
            cluster.wait_until_whole()
        assert loader.wait(timeout=1800) == 0, loader_output(tmp_path)
    finally:
        if loader.poll() is None:
            loader.kill()
            loader.wait()
    told = loader_output(tmp_path).strip().splitlines()[-2:]
    progress("; ".join(told))

    expected = {packages.key_of(item): item for item in items}
    assert packages.read_ledger(ledger) == set(expected), "what was acknowledged is what was to be loaded"
    cluster.wait_until_whole()
    for number in cluster.numbers:
        check_whole_table(cluster.client(number), expected)
    check_verify_command(Place(cluster.endpoint(2)), ledger, progress)
    failed = re.search(r"(\d+) requests failed after the SDK's own retries", told[-1])
    assert failed and failed[1] == "0", told


class Place:
    """What check_verify_command() asks of a server."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
