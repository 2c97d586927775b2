"""Whether a simulator finds a mutant (mutants.toml), and in which run: each mutant in a process of its own, seed after seed."""

import dataclasses
import os
import pathlib
import re
import subprocess
import time
import tomllib

TOP = pathlib.Path(__file__).parents[2]
BINARIES = {"raft": "mutants_raft", "replica": "mutants_replica"}
REPLAY = re.compile(r"replay: STATOR_SEED=(\d+)")


@dataclasses.dataclass
class Found:
    seed: int
    seconds: float
    by: str  # what the simulator, or an assertion of the code, said


def mutants():
    return tomllib.loads((TOP / "tests/mutants/mutants.toml").read_text())["mutant"]


def binary(simulation):
    return pathlib.Path(os.environ.get("STATOR_MUTANTS", TOP / "build/release/tests")) / BINARIES[simulation]


def reason(output):
    """The violation, or the assertion, in one line."""
    violation = re.search(r"seed \d+: (.+)", output)
    if violation:
        return violation[1].rstrip(":")
    assertion = re.search(r"assertion failed: (.+)", output)
    return "assertion: " + (re.search(r"\((.+)\)$", assertion[1]) or assertion)[1] if assertion else "ended"


def hunt(mutant, seconds, first=1, runs=1_000_000_000):
    """Runs seeds from `first` on until one fails: Found; None where none did in so many seconds, or runs."""
    environment = dict(os.environ, STATOR_MUTANT=mutant["name"], STATOR_SEED=str(first), STATOR_SIM_RUNS=str(runs))
    begun = time.monotonic()
    process = subprocess.Popen(
        [binary(mutant["simulation"]), "--gtest_filter=*Promises*", "--gtest_brief=1"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    if process.returncode == 0:
        return None
    replay = REPLAY.search(output)
    assert replay, f"{mutant['name']} ended without a seed:\n{output[-2000:]}"
    return Found(int(replay[1]), time.monotonic() - begun, reason(output))
