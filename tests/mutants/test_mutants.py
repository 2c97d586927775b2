"""The simulators see: bugs that they found within seconds once (tests/data/mutants.json) are found again.

The others, which take up to ten minutes each, are for `tests/run --mutants`, which also writes docs/mutants.md.
"""

import pytest

from . import table
from .hunt import hunt, mutants

QUICK_S = 5
DEADLINE_S = 120  # another machine, other work beside
FOUND = table.load()
QUICK = [mutant for mutant in mutants() if mutant["name"] in FOUND and FOUND[mutant["name"]].seconds <= QUICK_S]


@pytest.mark.parametrize("mutant", QUICK, ids=lambda mutant: mutant["name"])
def test_is_found(mutant):
    assert hunt(mutant, DEADLINE_S) is not None


def test_without_a_mutant_nothing_is_found():
    for simulation in ("raft", "replica"):
        assert hunt({"name": "", "simulation": simulation}, DEADLINE_S, runs=20) is None
