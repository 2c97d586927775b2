"""Records what CI replays without Java: calls on which both servers agree, and one call for each known difference.

    cd tests && ../deploy/python -m oracle.record 4000            the seeds 0 to 3999; needs deploy/dynamodb_local
    cd tests && ../deploy/python -m oracle.record 4000 wrong      of the features (calls.Generator) only these

Writes data/oracle/agreed.jsonl, a script of calls on one table a line, and data/oracle/known.jsonl, a difference a line. Prints the
differences that are not known, each once, and the known ones that no call met.
"""

import json
import pathlib
import sys

from harness.server import Server

from . import compare, values
from .calls import Generator
from .choices import Choices
from .local import Local
from .pair import WRITES, Pair
from .table_calls import TableGenerator

DATA = pathlib.Path(__file__).resolve().parents[1] / "data/oracle"
AGREED_CALLS = 3000
CALLS_A_SCRIPT = 25
FEATURES = "wrong,legacy,indexes,tables"


class Recorder:
    def __init__(self, pair, features):
        self.pair = pair
        self.features = features
        self.scripts = []  # (what it shows, script)
        self.known = {}
        self.unknown = {}

    def run(self, seed):
        # Plain tables and requests in half of the scripts, so that these are met often enough; each eighth makes and changes tables.
        features = self.features - {"indexes", "tables"} if seed % 2 else self.features & {"wrong"}
        if seed % 8 == 3:
            features = self.features - {"tables"}
        choose = Choices.from_seed(seed)
        if "tables" in self.features and seed % 8 == 7:
            self._script(None, TableGenerator(choose))
            self.pair.drop()
            return
        schema = values.schema(choose, "indexes" in features)
        generator = Generator(choose, schema, features)
        self.pair.create(schema)
        try:
            self._script(schema.create_table(), generator)
        finally:
            self.pair.drop()

    def _script(self, table, generator):
        done, shown = [], set()
        for _ in range(CALLS_A_SCRIPT):
            for outcome in self.pair.pages(self.pair.call(*generator.call())):
                if not outcome.ok:
                    signature = compare.signature(outcome.operation, outcome.ours, outcome.local)
                    self.unknown.setdefault(signature, outcome)
                elif outcome.explained:
                    self._keep(table, done, outcome)
                if outcome.agreed or (outcome.ok and not outcome.diverged and outcome.operation in WRITES):
                    done.append([outcome.operation, outcome.request, outcome.ours])
                    shown.add(shape_of(outcome))
            if outcome.diverged or (not outcome.ok and outcome.operation in WRITES):
                break
        self.scripts.append((shown, {"table": table, "calls": done}))

    def chosen(self):
        """Scripts that show what others do not, until there are enough calls."""
        seen, calls, kept = set(), 0, []
        for fresh in (4, 3, 2, 1):
            for shown, script in self.scripts:
                if calls < AGREED_CALLS and len(shown - seen) >= fresh and script not in kept:
                    seen |= shown
                    calls += len(script["calls"])
                    kept.append(script)
        return kept

    def _keep(self, table, done, outcome):
        """The shortest example of each difference."""
        refused = all(isinstance(answer, list) and answer[1] != "ConditionalCheckFailedException" for answer in (outcome.ours, outcome.local))
        writes = [] if refused and outcome.operation != "UpdateItem" else [
            call[:2] for call in done if call[0] in WRITES and not isinstance(call[2], list)]  # fmt: skip
        line = {"table": table, "given": writes, "call": [outcome.operation, outcome.request],
                "ours": outcome.ours, "local": outcome.local}  # fmt: skip
        old = self.known.get(outcome.explained)
        if old is None or len(json.dumps(line)) < len(json.dumps(old)):
            self.known[outcome.explained] = line


def shape_of(outcome):
    """What a call shows: its parameters, and how it was answered."""
    answer = compare.masked(outcome.ours[2]) if isinstance(outcome.ours, list) else ",".join(outcome.ours)
    return (outcome.operation, ",".join(sorted(outcome.request)), answer)


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines), encoding="utf-8")


def main(seeds, features=FEATURES):
    server, local = Server(args=["--log-level", "warn"]), Local()
    server.start()
    local.start()
    try:
        recorder = Recorder(Pair(server.port, local.port), frozenset(features.split(",")))
        for seed in range(seeds):
            recorder.run(seed)
    finally:
        local.stop()
        server.kill()
    for outcome in recorder.unknown.values():
        print(f"unknown: {outcome}")
    missed = [one for one in recorder.pair.differences if one not in recorder.known]
    for one in missed:
        print(f"not met: {one.operation}, {one.shape}: {one.ours}")
    scripts = recorder.chosen()
    write(DATA / "agreed.jsonl", scripts)
    write(DATA / "known.jsonl", [recorder.known[one] for one in recorder.pair.differences if one in recorder.known])
    count = sum(len(script["calls"]) for script in scripts)
    print(f"{recorder.pair.calls} calls; {count} recorded in {len(scripts)} scripts, {len(recorder.known)} known differences met, "
          f"{len(missed)} not, {len(recorder.unknown)} unknown")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
