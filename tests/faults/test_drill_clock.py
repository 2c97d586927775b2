"""Drills with wall clocks that jump (libfaketime): a node that is astray leads nothing, clocks that are all set together
disturb nobody for long, and a clock that was set back costs no write. What clients see stays linearizable, since nothing that
they see depends on a wall clock.
"""

import os
import pathlib
import sysconfig
import time

import pytest

from harness import tables
from harness.drill import Drill
from harness.nodes import Place
from harness.waiting import wait_until

LIBRARY = pathlib.Path("/usr/lib") / sysconfig.get_config_var("MULTIARCH") / "faketime/libfaketimeMT.so.1"
JUMPS = ["+3600", "-3600", "+5", "-5"]
ASTRAY_DEADLINE_S = 10
OUTAGE_MAX_S = 4.0  # an hour, where stamps went wrong
ASTRAY = "stator_clock_astray"


class Clock:
    """What a node's wall clock shows beside the right time, in seconds. Its steady clock stays right."""

    def __init__(self, folder, number):
        if not LIBRARY.exists():
            pytest.skip("libfaketime is not installed (deploy/install test)")
        self.path = folder / f"clock-{number}"
        self.set("+0")

    def set(self, offset):
        # In one step, since the node reads it at any time.
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{offset}\n")
        fresh.rename(self.path)

    def environment(self):
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@pytest.fixture
def clocks(tmp_path):
    return {number: Clock(tmp_path, number) for number in (1, 2, 3)}


@pytest.fixture
def nodes(clocks, own_nodes, tmp_path):
    return own_nodes([
        Place(tmp_path / f"node-{number}", environment=clock.environment()) for number, clock in clocks.items()
    ])


def astray(nodes):
    return [number for number in nodes.numbers if nodes.metric(number, ASTRAY) == 1]


@pytest.mark.timeout(1800)
def test_one_clock_jumps(nodes, clocks, checker, long_run, progress):
    drill = Drill(nodes, checker, "clock-of-one", progress)
    with drill.running():
        for jump in JUMPS * (10 if long_run else 1):
            leader = drill.settled_leader()

            def leads_nothing():
                said = set(nodes.leaders_of(drill.table).values())
                return astray(nodes) == [leader] and len(said) == 1 and said <= set(nodes.numbers) - {leader}

            def jumps():
                clocks[leader].set(jump)
                wait_until(leads_nothing, f"node {leader}, {jump} s astray, leads nothing", ASTRAY_DEADLINE_S)

            drill.around(f"leader's clock jumps by {jump} s", jumps, 1.5)
            clocks[leader].set("+0")
            wait_until(lambda: astray(nodes) == [], f"node {leader} is right again", ASTRAY_DEADLINE_S)
            drill.wait_for_progress()
    assert max(gap for gaps in drill.gaps.values() for gap in gaps) < OUTAGE_MAX_S, drill.gaps


@pytest.mark.timeout(1800)
def test_all_clocks_are_set_together(nodes, clocks, checker, long_run, progress):
    """A laptop that slept, a correction of the time: they agree with each other, and that is what counts."""
    drill = Drill(nodes, checker, "clocks-of-all", progress)
    with drill.running():
        for offset in ["+3600", "+0"] * (10 if long_run else 1):
            for clock in clocks.values():
                clock.set(offset)
            wait_until(lambda: astray(nodes) == [], "the clocks agree", ASTRAY_DEADLINE_S)
            drill.settled_leader()
            drill.wait_for_progress(50)
    assert drill.writer.longest_gap(drill.writer.acknowledged[0][0], drill.writer.acknowledged[-1][0]) < OUTAGE_MAX_S


def test_a_clock_that_is_set_back_costs_no_write(own_server, tmp_path):
    clock = Clock(tmp_path, 1)
    server = own_server(data_dir=tmp_path / "data", env=os.environ | clock.environment())
    client = server.client()
    table = tables.create(client)
    client.put_item(TableName=table, Item={"pk": {"S": "before"}})
    clock.set("-3600")
    end = time.monotonic() + 1.5  # by then it has looked at the clock
    while time.monotonic() < end:
        client.put_item(TableName=table, Item={"pk": {"S": "after"}})
    server.stop()
    server.start()  # with a log that is an hour ahead
    client.put_item(TableName=table, Item={"pk": {"S": "later"}})
    assert len(tables.scan_all(client, table)) == 3
