"""SIGKILL in the middle of a load, 20 times: every acknowledged write is there afterwards, and nothing that nobody wrote.

Threads write rows, counters and registers and delete some rows again, and keep a ledger: `acknowledged` where an answer
came, `maybe` where the connection broke. After the last restart the table is compared with it.
"""

import os
import random
import threading
import time

import botocore.exceptions
import pytest

from harness import tables

KILLS = 20
WRITERS = 8
ROWS_BETWEEN_KILLS = 200
PROGRESS_DEADLINE_S = 60
RECOVERY_DEADLINE_S = 10
BODY = "x" * 200


class Ledger:
    """What one writer knows of its own keys. Only that writer changes it."""

    def __init__(self, writer):
        self.writer = writer
        self.rows_acknowledged = set()
        self.rows_maybe = set()
        self.deletes_acknowledged = set()
        self.deletes_maybe = set()
        self.adds_acknowledged = 0
        self.adds_maybe = 0
        self.register_acknowledged = 0
        self.register_last_sent = 0
        self.answers = 0


class Writer(threading.Thread):
    def __init__(self, number, client, table, stop):
        super().__init__(name=f"writer-{number}")
        self.number = number
        self.client = client
        self.table = table
        self.stop = stop
        self.ledger = Ledger(number)
        self.wrong = None
        self.random = random.Random(number)

    def key(self, name):
        return {"pk": {"S": f"w{self.number}"}, "sk": {"S": name}}

    def run(self):
        try:
            turn = 0
            while not self.stop.is_set():
                turn += 1
                self.put_row(f"row-{turn:07}")
                if turn % 3 == 0:
                    self.add()
                if turn % 4 == 0:
                    self.set_register(turn)
                if turn % 5 == 0:
                    self.read_back(f"row-{turn:07}")
                if turn % 7 == 0:
                    self.delete_row()
        except Exception as error:
            self.wrong = error

    def attempt(self, call, **parameters):
        """True with an answer, False where none came: the write may or may not have happened. Waits while nobody listens."""
        while not self.stop.is_set():
            try:
                self.answer = call(TableName=self.table, **parameters)
                self.ledger.answers += 1
                return True
            except botocore.exceptions.EndpointConnectionError:
                self.stop.wait(0.005)  # refused: nothing was sent, so nothing is in doubt
            except botocore.exceptions.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    raise
                return False
            except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError):
                return False
        return False

    def put_row(self, name):
        self.ledger.rows_maybe.add(name)
        if self.attempt(self.client.put_item, Item={**self.key(name), "body": {"S": name + BODY}}):
            self.ledger.rows_maybe.remove(name)
            self.ledger.rows_acknowledged.add(name)

    def delete_row(self):
        rows = self.ledger.rows_acknowledged - self.ledger.deletes_acknowledged - self.ledger.deletes_maybe
        if not rows:
            return
        name = self.random.choice(sorted(rows)[-50:])
        self.ledger.deletes_maybe.add(name)
        if self.attempt(self.client.delete_item, Key=self.key(name)):
            self.ledger.deletes_maybe.remove(name)
            self.ledger.deletes_acknowledged.add(name)

    def add(self):
        self.ledger.adds_maybe += 1
        done = self.attempt(
            self.client.update_item,
            Key=self.key("counter"),
            UpdateExpression="ADD hits :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        if done:
            self.ledger.adds_maybe -= 1
            self.ledger.adds_acknowledged += 1

    def set_register(self, turn):
        self.ledger.register_last_sent = turn
        if self.attempt(self.client.put_item, Item={**self.key("register"), "turn": {"N": str(turn)}}):
            self.ledger.register_acknowledged = turn

    def read_back(self, name):
        if name in self.ledger.rows_acknowledged:
            if self.attempt(self.client.get_item, Key=self.key(name), ConsistentRead=True):
                assert "Item" in self.answer, f"{name} of writer {self.number} was acknowledged and cannot be read"


def check_ledger(ledger, found):
    """`found`: sort key to item, all of this writer's. Returns what is wrong, as lines."""
    wrong = []
    rows = {name for name in found if name.startswith("row-")}
    must = ledger.rows_acknowledged - ledger.deletes_acknowledged - ledger.deletes_maybe
    may = must | ledger.rows_maybe | ledger.deletes_maybe
    for name in sorted(must - rows)[:5]:
        wrong.append(f"writer {ledger.writer}: acknowledged {name} is lost")
    for name in sorted(rows - may)[:5]:
        wrong.append(f"writer {ledger.writer}: {name} is there, though deleted or never written")
    for name in rows & may:
        if found[name]["body"]["S"] != name + BODY:
            wrong.append(f"writer {ledger.writer}: {name} holds another row's body")
    hits = int(found["counter"]["hits"]["N"]) if "counter" in found else 0
    if not ledger.adds_acknowledged <= hits <= ledger.adds_acknowledged + ledger.adds_maybe:
        wrong.append(
            f"writer {ledger.writer}: the counter is {hits}, acknowledged {ledger.adds_acknowledged}, "
            f"maybe {ledger.adds_maybe} more"
        )
    turn = int(found["register"]["turn"]["N"]) if "register" in found else 0
    if not ledger.register_acknowledged <= turn <= ledger.register_last_sent:
        wrong.append(
            f"writer {ledger.writer}: the register is {turn}, acknowledged {ledger.register_acknowledged}, "
            f"last sent {ledger.register_last_sent}"
        )
    return wrong


@pytest.mark.timeout(1800)
def test_acknowledged_writes_survive_kills(own_server, tmp_path, long_run, progress):
    seed = int(os.environ.get("STATOR_SEED", random.SystemRandom().randrange(2**32)))
    progress(f"seed {seed} (STATOR_SEED={seed} repeats the moments of the kills)")
    moments = random.Random(seed)
    kills = KILLS * 10 if long_run else KILLS
    server = own_server(data_dir=tmp_path / "data")
    client = server.client(connections=WRITERS)
    table = tables.create(client, sort_key=True)

    stop = threading.Event()
    writers = [Writer(number, client, table, stop) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    recoveries = []
    try:
        for kill in range(1, kills + 1):
            wait_for_answers(server, writers, ROWS_BETWEEN_KILLS)
            time.sleep(moments.uniform(0, 0.05))
            server.check()
            server.kill()
            if kill % 4 == 0:
                kill_while_it_starts(server, moments)
            recoveries.append(server.start())
            answers = sum(writer.ledger.answers for writer in writers)
            progress(f"kill {kill}/{kills}: {answers} answers so far, serving again after {recoveries[-1] * 1000:.0f} ms")
        wait_for_answers(server, writers, ROWS_BETWEEN_KILLS)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert [writer.wrong for writer in writers if writer.wrong] == []

    # Once more, so that what is compared comes from the disk.
    server.kill()
    recoveries.append(server.start())
    compare(server.client(), table, writers, progress)
    assert max(recoveries) < RECOVERY_DEADLINE_S
    assert server.stop() == 0, "a clean stop after it all"
    server.start()
    compare(server.client(), table, writers, progress)


def compare(client, table, writers, progress):
    items = tables.scan_all(client, table, ConsistentRead=True)
    found = {writer.number: {} for writer in writers}
    for item in items:
        number = int(item["pk"]["S"][1:])
        assert item["sk"]["S"] not in found[number], f"{item['sk']} of writer {number} came twice"
        found[number][item["sk"]["S"]] = item
    wrong = [line for writer in writers for line in check_ledger(writer.ledger, found[writer.number])]
    assert wrong == []
    assert client.describe_table(TableName=table)["Table"]["ItemCount"] == len(items)
    acknowledged = sum(len(writer.ledger.rows_acknowledged) for writer in writers)
    maybe = sum(len(writer.ledger.rows_maybe) for writer in writers)
    progress(f"{acknowledged} rows acknowledged, {maybe} in doubt, {len(items)} items there")


def wait_for_answers(server, writers, count):
    """Until the writers together have had `count` more answers: a kill then hits a server at work."""
    goal = sum(writer.ledger.answers for writer in writers) + count
    deadline = time.monotonic() + PROGRESS_DEADLINE_S
    while sum(writer.ledger.answers for writer in writers) < goal:
        server.check()
        wrong = [writer.wrong for writer in writers if writer.wrong]
        if wrong:
            raise wrong[0]
        assert time.monotonic() < deadline, f"no {count} answers within {PROGRESS_DEADLINE_S} s\n{server.log_tail()}"
        time.sleep(0.005)


def kill_while_it_starts(server, moments):
    """A kill during recovery must not lose what the one before it left."""
    server.launch()
    time.sleep(moments.uniform(0, 0.1))
    server.kill()


def test_a_clean_stop_keeps_everything(own_server, tmp_path):
    server = own_server(data_dir=tmp_path / "data")
    client = server.client()
    table = tables.create(client, sort_key=True)
    items = [{"pk": {"S": str(n % 5)}, "sk": {"S": str(n)}, "body": {"S": BODY}} for n in range(200)]
    tables.put_many(client, table, items)
    described = client.describe_table(TableName=table)["Table"]
    assert server.stop() == 0
    server.start()
    client = server.client()
    key = lambda item: (item["pk"]["S"], item["sk"]["S"])
    assert sorted(tables.scan_all(client, table), key=key) == sorted(items, key=key)
    again = client.describe_table(TableName=table)["Table"]
    for member in ("TableId", "TableArn", "CreationDateTime", "ItemCount", "TableSizeBytes", "KeySchema"):
        assert again[member] == described[member]


def test_tables_survive_a_kill(own_server, tmp_path):
    server = own_server(data_dir=tmp_path / "data")
    client = server.client()
    kept, dropped = tables.create(client), tables.create(client)
    client.delete_table(TableName=dropped)
    server.kill()
    server.start()
    client = server.client()
    assert client.list_tables()["TableNames"] == [kept]
    # A table of a dropped one's name is a new, empty table.
    client.put_item(TableName=kept, Item={"pk": {"S": "old"}})
    client.delete_table(TableName=kept)
    tables.create(client, name=kept)
    server.kill()
    server.start()
    client = server.client()
    assert client.scan(TableName=kept, ConsistentRead=True)["Count"] == 0


def test_a_data_folder_belongs_to_one_process(own_server, tmp_path):
    """A second server on the same folder refuses to start and says why; the first goes on."""
    first = own_server(data_dir=tmp_path / "data")
    table = tables.create(first.client())
    with pytest.raises(Exception) as refused:
        own_server(data_dir=tmp_path / "data")
    assert "ended by itself" in str(refused.value)
    assert "in use" in str(refused.value).lower() or "lock" in str(refused.value).lower()
    first.client().put_item(TableName=table, Item={"pk": {"S": "still"}})


def test_a_folder_that_cannot_be_written_is_said_loudly(own_server, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(Exception) as refused:
        own_server(data_dir=tmp_path / "file" / "data")
    assert "ended by itself, exit code" in str(refused.value)
    assert str(tmp_path / "file") in str(refused.value)
