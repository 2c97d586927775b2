"""AWS SDK for Java 2 with its enhanced client: `mvn test` in java/. Only tests/run --clients collects it."""

import os
import pathlib
import re
import subprocess

import pytest

from harness.server import ROOT

TESTS = pathlib.Path(__file__).with_name("java")


@pytest.mark.timeout(1200)
def test_java(server):
    subprocess.run([ROOT / "deploy/install", "java"], check=True, timeout=600)
    environment = os.environ | {"STATOR_ENDPOINT": server.endpoint, "AWS_EC2_METADATA_DISABLED": "true"}
    command = ["mvn", "--batch-mode", "--no-transfer-progress", "--file", str(TESTS / "pom.xml"), "test"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, env=environment)
    assert done.returncode == 0, done.stdout[-10000:] + done.stderr[-2000:]
    ran = re.search(r"Tests run: (\d+), Failures: 0, Errors: 0, Skipped: 0", done.stdout)
    assert ran and int(ran[1]) == 4, done.stdout
