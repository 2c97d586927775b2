"""SIGKILL in the middle of a load, 20 times: every acknowledged write is there afterwards, and nothing that nobody wrote.

Threads write rows, counters and registers and delete some rows again, and keep a ledger (harness/ledger.py). After the
last restart the table is compared with it.
"""

import os
import random
import threading
import time

import pytest

from harness import tables
from harness.ledger import BODY, Writer, compare, wait_for_answers

KILLS = 20
WRITERS = 8
ROWS_BETWEEN_KILLS = 200
RECOVERY_DEADLINE_S = 10


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
