"""AWS SDK for Go v2: `go test` in go/. Compiling the SDK takes minutes, so only tests/run --clients collects it."""

import os
import pathlib
import subprocess

import pytest

from harness.server import ROOT

TESTS = pathlib.Path(__file__).with_name("go")


@pytest.mark.timeout(1200)
def test_go(server):
    environment = os.environ | {"STATOR_ENDPOINT": server.endpoint, "AWS_EC2_METADATA_DISABLED": "true"}
    command = [ROOT / "deploy/go", "test", "-count=1", "-v", "./..."]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=1200, env=environment)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    assert done.stdout.count("--- PASS") == 3, done.stdout
