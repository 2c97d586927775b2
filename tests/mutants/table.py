"""Hunts every mutant and writes what found it: docs/mutants.md, from tests/data/mutants.json. tests/run --mutants calls it.

    table.py [--seconds N] [--again] [name...]    N seconds a mutant at most (default 600); of those named only

What was found before is not hunted again, so a run that was stopped goes on where it was; --again hunts it anew.
"""

import argparse
import dataclasses
import json

from .hunt import TOP, Found, hunt, mutants

RESULTS = TOP / "tests/data/mutants.json"
PAGE = TOP / "docs/mutants.md"
HEAD = """# Bugs that the simulators have to find

Written by `tests/run --mutants`; do not edit. The bugs are in [tests/mutants/mutants.toml](../tests/mutants/mutants.toml), each a
mistake that somebody made or could make, put into a copy of the shipped sources behind a switch of the test build. Most of them
fail a unit test too ([raft.md](raft.md) and [architecture.md](architecture.md) say which): this page is about whether the
simulators see. *Seed*: the first that fails, counted from 1; *time*: to get there, on one core of a machine with other work.

"""


def load():
    return {name: Found(**found) for name, found in json.loads(RESULTS.read_text()).items()} if RESULTS.exists() else {}


def save(results):
    ordered = {mutant["name"]: dataclasses.asdict(results[mutant["name"]]) for mutant in mutants() if mutant["name"] in results}
    RESULTS.write_text(json.dumps(ordered, indent=1) + "\n")


def write_page(results):
    lines = [HEAD]
    for simulation, binary in (("raft", "stator_simulation"), ("replica", "simulation_replica")):
        chosen = [mutant for mutant in mutants() if mutant["simulation"] == simulation]
        found = sum(mutant["name"] in results for mutant in chosen)
        lines.append(f"## `{binary}`: {found} of {len(chosen)}\n\n| mutant | bug | seed | time | found by |\n|---|---|---|---|---|\n")
        for mutant in chosen:
            result = results.get(mutant["name"])
            how = f"{result.seed} | {result.seconds:.1f} s | {result.by}" if result else "| | **not found yet**"
            lines.append(f"| `{mutant['name']}` | {mutant['bug']} | {how} |\n")
        lines.append("\n")
    PAGE.write_text("".join(lines).rstrip() + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    results = load()
    for mutant in mutants():
        name = mutant["name"]
        if arguments.names and name not in arguments.names or name in results and not arguments.again:
            continue
        found = hunt(mutant, arguments.seconds)
        print(f"{name:44}", f"seed {found.seed} after {found.seconds:.1f} s: {found.by}" if found else "not found", flush=True)
        results.pop(name, None)
        if found:
            results[name] = found
        save(results)
        write_page(results)
    write_page(results)


if __name__ == "__main__":
    main()
