"""`stator cluster drill leader-kill`, the drill that a user can run: it tells the outage, that nothing is lost, and leaves the
cluster as it was."""

import re
import signal
import subprocess

import pytest

from harness.cluster import COMMAND_DEADLINE_S
from harness.waiting import wait_until

ROUND = re.compile(r"^round (\d) of 2: node [123], the leader, is killed: (\d+\.\d+) s without an acknowledgement$", re.M)


@pytest.mark.timeout(300)
def test_leader_kill(own_cluster, progress):
    cluster = own_cluster()
    before = [node["pid"] for node in cluster.state()["nodes"]]
    told = cluster.run("drill", "leader-kill", "--rounds", 2, "--rate", 100).stdout
    progress(told.strip().replace("\n", "; "))
    outages = [float(seconds) for _, seconds in ROUND.findall(told)]
    assert len(outages) == 2 and all(0 < seconds < 2 for seconds in outages), told
    assert "lost: 0" in told and re.search(r"^outage: median \d+\.\d+ s, longest", told, re.M), told
    written = re.search(r"^acknowledged: (\d+) of (\d+) writes", told, re.M)
    assert 100 < int(written[1]) <= int(written[2]), told
    assert [node["pid"] for node in cluster.state()["nodes"]] != before
    status = cluster.wait_until_whole()
    assert status["tables"] == []


@pytest.mark.timeout(300)
def test_ctrl_c_ends_it_after_the_round(own_cluster):
    cluster = own_cluster()
    command = [cluster.binary, "cluster", "drill", "leader-kill", "--rounds", "100", "--data-dir", str(cluster.data_dir)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
    try:
        wait_until(lambda: cluster.status()["tables"], "the drill's table is there")
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=COMMAND_DEADLINE_S)
    finally:
        process.kill()
    assert process.returncode == 130, told
    assert cluster.wait_until_whole()["tables"] == []


def test_what_makes_no_sense_is_refused(own_cluster):
    cluster = own_cluster(nodes=1)
    for words, why in ((["leader-kill"], "nobody who could take over"), (["fire"], "leader-kill"), ([], "leader-kill")):
        done = cluster.run("drill", *words, code=None)
        assert done.returncode != 0 and why in done.stderr and done.stdout == "", done
