"""100,000 random calls to both servers, chosen and shrunk by Hypothesis. Only with --long: needs Java and deploy/dynamodb_local."""

import json
import pathlib

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from . import compare, values
from .calls import Generator
from .choices import Choices
from .local import Local
from .pair import Pair
from .table_calls import TableGenerator

# Calls of each kind: items three times, tables, which take longer, once.
SHARES = {False: 30_000, True: 10_000}
STEPS = 25
DATA = pathlib.Path(__file__).resolve().parents[1] / "data/oracle"


@st.composite
def tables(draw, features):
    return values.schema(Choices.from_hypothesis(draw), "indexes" in features)


@st.composite
def calls(draw, table, features):
    return Generator(Choices.from_hypothesis(draw), table, features).call()


@st.composite
def table_calls(draw):
    return TableGenerator(Choices.from_hypothesis(draw)).call()


@pytest.fixture(scope="module")
def local():
    one = Local().start()
    yield one
    one.stop()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("features", [("wrong",), ("wrong", "legacy"), ("wrong", "indexes", "legacy"), ("tables",)], ids="-".join)
def test_both_answer_alike(server, local, features, progress):
    pair, met, features = Pair(server.port, local.port), set(), frozenset(features)

    class Calls(RuleBasedStateMachine):
        ended = True

        @initialize(data=st.data())
        def start(self, data):
            if "tables" not in features:
                self.table = data.draw(tables(features))
                pair.create(self.table)
            self.ended = False

        @rule(data=st.data())
        def call(self, data):
            if self.ended:
                return
            for outcome in pair.pages(pair.call(*data.draw(table_calls() if "tables" in features else calls(self.table, features)))):
                assert outcome.ok, f"an unknown difference\n{outcome}"
                if outcome.explained:
                    met.add(outcome.explained)
                self.ended = outcome.diverged

        def teardown(self):
            pair.drop()

    share = SHARES["tables" in features]
    run_state_machine_as_test(Calls, settings=settings(
        max_examples=share // STEPS, stateful_step_count=STEPS, deadline=None, database=None, report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck)))  # fmt: skip
    progress(f"{pair.calls} calls, {len(met)} of {len(pair.differences)} known differences met")


def test_local_still_answers_as_recorded(server, local):
    """The recorded side of DynamoDB Local: an entry whose difference it no longer has is to be taken out."""
    pair = Pair(server.port, local.port)
    wrong = []
    for number, line in enumerate(map(json.loads, (DATA / "known.jsonl").read_text(encoding="utf-8").splitlines()), 1):
        pair.drop()
        if line["table"]:
            pair.call("CreateTable", line["table"])
        for earlier in line["given"]:
            pair.call(*earlier)
        operation, request = line["call"]
        given = compare.normal(operation, request, pair.local.call(operation, request))
        if given != line["local"]:
            wrong.append(f"line {number}: {operation} {request}\n  recorded {line['local']}\n  given    {given}")
    pair.drop()
    assert not wrong, "\n".join(wrong[:10])
