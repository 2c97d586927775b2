"""Fixtures of all Python tests: one in-memory server a run, watched between tests, its log shown where a test fails."""

import pytest

from harness import tables
from harness.cluster import Cluster
from harness.server import Server, ServerDied


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the fault tests at their full length, and the oracle")
    parser.addoption("--slow-clients", action="store_true", help="clients in languages whose toolchains take minutes, too")
    parser.addoption("--any-memory", action="store_true", help="do not measure memory: for a sanitized server")


@pytest.fixture(scope="session")
def long_run(request):
    return request.config.getoption("--long")


@pytest.fixture
def progress(request):
    """Says a line at once, captured or not: for tests that take their time."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text):
        with capture.global_and_fixture_disabled():
            print(f"\n  {text}", end="", flush=True)

    return say


@pytest.fixture(scope="session")
def shared_server():
    server = Server()
    server.start()
    yield server
    if server.alive() and server.stop() != 0:
        raise ServerDied(f"the server's exit after SIGTERM was not 0\n{server.log_tail()}")


@pytest.fixture
def server(request, shared_server):
    """The run's server. A test during which it dies fails, and the next one gets a new process."""
    if not shared_server.alive():
        shared_server.start()
    request.node.stator_servers = [shared_server]
    yield shared_server
    shared_server.check()


@pytest.fixture
def own_server(request, tmp_path):
    """Starts servers of the test's own: own_server(data_dir=..., args=...); all are gone after the test."""
    started = []
    request.node.stator_servers = started

    def start(**options):
        one = Server(**options)
        started.append(one)
        one.start()
        return one

    yield start
    for one in started:
        if one.alive():
            one.kill()


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory):
    """One cluster of three a run, for tests that leave it as it was."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster") / "data")
    try:
        cluster.start()
        yield cluster
        cluster.stop()
    finally:
        cluster.end()


@pytest.fixture
def cluster(request, shared_cluster):
    """The run's cluster, whole before the test and alive after it."""
    request.node.stator_servers = [shared_cluster]
    shared_cluster.wait_until_whole()
    yield shared_cluster
    shared_cluster.check()


@pytest.fixture
def own_cluster(request, tmp_path):
    """Makes clusters of the test's own, in tmp_path: own_cluster(nodes=..., args=...), started unless start=False."""
    made = []
    request.node.stator_servers = made

    def make(name="data", start=True, **options):
        one = Cluster(tmp_path / name, **options)
        made.append(one)
        if start:
            one.start()
        return one

    yield make
    for one in made:
        one.end()


@pytest.fixture
def client(server):
    return server.client()


@pytest.fixture
def table(client):
    """A table with partition key pk (S)."""
    with tables.temporary(client) as name:
        yield name


@pytest.fixture
def sorted_table(client):
    """A table with partition key pk (S) and sort key sk (S)."""
    with tables.temporary(client, sort_key=True) as name:
        yield name


@pytest.fixture
def numbered_table(client):
    """A table with partition key pk (S) and sort key sk (N)."""
    with tables.temporary(client, sort_key=True, sort_type="N") as name:
        yield name


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for server in getattr(item, "stator_servers", []):
            report.sections.append(("server", server.log_tail()))
