"""Has porcupine decide whether a history is linearizable: the program of tests/linearizability, built once a run."""

import json
import subprocess

from harness.server import LOGS, ROOT

SOURCES = ROOT / "tests/linearizability"
PROGRAM = ROOT / "build/linearizability"
GO = ROOT / "deploy/go"
BUILD_DEADLINE_S = 600  # the compiler is fetched where there is none
CHECK_DEADLINE_S = 300
LINEARIZABLE, VIOLATED = 0, 1


class Checker:
    def __init__(self):
        built = subprocess.run(
            [GO, "build", "-o", PROGRAM, "."], cwd=SOURCES, capture_output=True, text=True, timeout=BUILD_DEADLINE_S
        )
        assert built.returncode == 0, built.stdout + built.stderr

    def verdict(self, path, picture=None):
        """(exit code, the object that it prints)."""
        command = [PROGRAM, "-timeout", f"{CHECK_DEADLINE_S}s", *(["-picture", picture] if picture else []), path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_DEADLINE_S + 60)
        return done.returncode, json.loads(done.stdout) if done.stdout else {"complaint": done.stderr}

    def check(self, history, name):
        """Raises AssertionError where it is not linearizable; the history and a picture of it are kept then."""
        path = LOGS / f"history-{name}.jsonl"
        history.write(path)
        picture = path.with_suffix(".html")
        code, verdict = self.verdict(path, picture)
        assert code == LINEARIZABLE, f"{path} (shown by {picture}): {json.dumps(verdict, indent=1)}"
        path.unlink()
        return verdict
