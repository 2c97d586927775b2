"""Waiting for what a test can ask for but is not told."""

import time

INTERVAL_S = 0.02


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(INTERVAL_S)
