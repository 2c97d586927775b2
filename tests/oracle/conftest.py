"""The random calls need Java and DynamoDB Local: they are collected only where a long run asks for them."""


def pytest_ignore_collect(collection_path, config):
    return True if collection_path.name == "test_random.py" and not config.getoption("--long") else None
