"""SIGKILL of a partition's leader under steady writes, as bench/failover.py measures it: here it is only asked that nothing
acknowledged is lost, and that writes go on."""

import statistics
import sys

import pytest

from harness.server import ROOT

sys.path.insert(0, str(ROOT / "bench"))
import failover

ROUNDS = 2
ROUNDS_LONG = 20
GAP_MAX_S = failover.AFTER_S


@pytest.mark.timeout(1800)
def test_nothing_acknowledged_is_lost_with_the_leader(own_cluster, long_run, progress):
    cluster = own_cluster(args=["--partitions-per-table", "1"])
    kills, restarts, lost = failover.measure(cluster, ROUNDS_LONG if long_run else ROUNDS, 200, 0.2, progress)
    progress(f"gaps at kills: p50 {statistics.median(kills):.3f} s, maximum {max(kills):.3f} s; "
             f"at restarts: maximum {max(restarts):.3f} s")
    assert lost == set()
    assert max(kills) < GAP_MAX_S, "no new leader while the old one was away"
