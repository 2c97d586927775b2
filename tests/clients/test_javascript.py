"""AWS SDK for JavaScript v3 and what is built on it: each javascript/*.test.mjs is a run of Node's own test runner."""

import os
import pathlib
import re
import subprocess

import pytest

from harness.server import ROOT

TESTS = pathlib.Path(__file__).with_name("javascript")
FILES = sorted(path.name for path in TESTS.glob("*.test.mjs"))


@pytest.fixture(scope="session")
def node():
    """Installed once a run, so that no test's time limit counts it."""
    version = subprocess.run([ROOT / "deploy/javascript", "--version"], capture_output=True, text=True, timeout=600)
    assert version.returncode == 0, version.stderr
    return ROOT / "deploy/javascript"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", FILES)
def test_javascript(name, node, server):
    command = [node, "--test", "--test-reporter=spec", f"{ROOT}/build/javascript/tests/{name}"]
    environment = os.environ | {"STATOR_ENDPOINT": server.endpoint, "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    passed = re.search(r"^ℹ pass (\d+)$", done.stdout, re.M)
    assert passed and int(passed[1]) > 0, f"no test ran\n{done.stdout}"
