"""Clients whose toolchains take minutes are collected only where they are asked for: tests/run --clients."""

SLOW = {"test_admin_ui.py", "test_go.py", "test_java.py"}


def pytest_ignore_collect(collection_path, config):
    return True if collection_path.name in SLOW and not config.getoption("--slow-clients") else None
