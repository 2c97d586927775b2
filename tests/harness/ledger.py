"""Writers that keep a ledger of what was acknowledged, and the comparison of a table with it.

A write is *acknowledged* where an answer came and *in doubt* where the connection broke or the server could not say. After
whatever was done to the servers, the table must hold everything acknowledged, nothing that nobody wrote, and of what is in
doubt either all of a write or nothing.
"""

import random
import threading
import time

import botocore.exceptions

from harness import tables

PROGRESS_DEADLINE_S = 60
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
