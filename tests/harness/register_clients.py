"""Clients that read and write a few items at once, with conditions and counters, and keep a history for a checker.

Half of them try once and wait long; half do as an SDK does: up to four attempts under one amz-sdk-invocation-id, the next
at the next node, each with a short timeout. Of those four at most one may take effect.
"""

import asyncio
import itertools
import json
import random
import threading
import uuid

from harness.exchanges import Exchanges, NotSent, Unanswered
from harness.history import ADD, DELETE, GET, PUT, UPDATE, History, request, shown

KEYS = 4  # at a time
# A key is left for a new one after so many operations, or unknown outcomes: checking costs more the more of them one key has.
KEY_OPERATIONS_MAX = 150
KEY_MAYBES_MAX = 5
PATIENT_S = 6.0  # above the five seconds after which a node says that it does not know
HASTY_S = 0.5
ATTEMPTS = 4
BACKOFF_S = 0.025  # doubled from attempt to attempt, times chance
REFUSED_AT_ONCE_S = 0.02  # before somebody else is asked
DELTA_MAX = 1000  # different ones, so that a sum tells its parts

# What is drawn: (weight, operation, kind of condition).
CHOICES = [
    (34, GET, None), (14, PUT, None), (6, PUT, "absent"), (12, PUT, "value"), (4, UPDATE, None), (10, UPDATE, "value"),
    (2, UPDATE, "present"), (12, ADD, None), (2, ADD, "present"), (3, DELETE, None), (3, DELETE, "value"),
]


class Key:
    """An item that clients share. `seen`: values that were written or read, the newest last."""

    def __init__(self, name):
        self.name = name
        self.operations = 0
        self.maybes = 0
        self.seen = ["never written"]


class RegisterClients(threading.Thread):
    """Runs from start() to finish(). `addresses`: (host, port). The table has partition key pk (S)."""

    def __init__(self, table, addresses, *, clients=8, pause=0.01, seed=1, hasty=HASTY_S, prefix="register"):
        super().__init__(name="register-clients")
        self.table = table
        self.addresses = list(addresses)
        self.clients = clients
        self.pause = pause  # mean, of a client between two operations
        self.hasty = hasty  # seconds that an attempt of those who try again may take
        self.history = History()
        self.wrong = None  # what ended it before finish()
        self.failed_after_retries = []  # operations of those who do as an SDK does
        self._random = random.Random(seed)
        self._done = threading.Event()
        self._numbers = itertools.count()
        self._clients = itertools.count()
        self._prefix = prefix
        self._keys = [self._new_key() for _ in range(KEYS)]
        self._all_keys = list(self._keys)

    def stop(self):
        """Ends the load; each key is read once more at each address."""
        self._done.set()
        self.join()

    def finish(self):
        """The same. Raises what went wrong; returns the history."""
        self.stop()
        if self.wrong:
            raise self.wrong
        return self.history

    def run(self):
        try:
            asyncio.run(self._work())
        except Exception as error:
            self.wrong = error

    async def _work(self):
        self._exchanges = Exchanges()
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self.clients):
                    group.create_task(self._client(number))
            for key in self._all_keys:
                for address in self.addresses:
                    await self._read_at_last(key, address)
        finally:
            self._exchanges.close()

    def _new_key(self):
        return Key(f"{self._prefix}-{next(self._numbers):04}")

    async def _client(self, number):
        patient = number % 2 == 0
        client, at = next(self._clients), number
        while not self._done.is_set():
            place = self._random.randrange(KEYS)
            key = self._keys[place]
            if key.operations >= KEY_OPERATIONS_MAX or key.maybes >= KEY_MAYBES_MAX:
                key = self._keys[place] = self._new_key()
                self._all_keys.append(key)
            key.operations += 1
            op, given = self._draw(key)
            at += 1
            if not await self._operate(client, key, op, given, at, patient):
                key.maybes += 1
                client = next(self._clients)  # whose operation may still be under way does nothing more under its name
            await asyncio.sleep(self._random.expovariate(1 / self.pause))

    def _draw(self, key):
        _, op, condition = self._random.choices(CHOICES, [weight for weight, _, _ in CHOICES])[0]
        given = {}
        if op in (PUT, UPDATE):
            given["value"] = f"{key.name}:{next(self._numbers)}"
        elif op == ADD:
            given["delta"] = self._random.randint(1, DELTA_MAX)
        if condition == "value":
            recent = key.seen[-1] if self._random.random() < 0.8 else self._random.choice(key.seen[-4:])
            given["condition"] = {"value": recent}
        elif condition:
            given["condition"] = {"exists": condition == "present"}
        return op, given

    async def _operate(self, client, key, op, given, at, patient):
        """False where the outcome is not known. Otherwise it is in the history."""
        name, body = request(self.table, op, key.name, given)
        text, invocation = json.dumps(body), str(uuid.UUID(int=self._random.getrandbits(128)))
        first = History.now()
        in_doubt = False
        for attempt in range(1 if patient else ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._random.random() * BACKOFF_S * 2**attempt)
            address = self.addresses[(at + attempt) % len(self.addresses)]
            call = History.now()
            try:
                status, answer = await self._exchanges.call(
                    address, name, text, PATIENT_S if patient else self.hasty, amz_sdk_invocation_id=invocation
                )
            except NotSent as error:
                failure = str(error)
                await asyncio.sleep(REFUSED_AT_ONCE_S)
                continue
            except Unanswered as error:
                failure, in_doubt = str(error), True
                continue
            if self._answered(client, key, op, given, first, call, in_doubt, status, answer):
                return True
            failure, in_doubt = f"status {status}", in_doubt or status == 500
        if not patient:
            self.failed_after_retries.append((op, failure))
        if in_doubt:
            self.history.maybe(client, op, key.name, given, first)
            return False
        self.history.fail(client, op, key.name, given, first)
        return True

    def _answered(self, client, key, op, given, first, call, in_doubt, status, answer):
        """Whether the answer ends the operation; then it is recorded."""
        now, told = History.now(), json.loads(answer)
        if status == 200:
            item = shown(told.get("Item" if op == GET else "Attributes"))
            self.history.ok(client, op, key.name, given, first, now, applied=True, item=item)
            self._saw(key, given.get("value"), item)
            return True
        error = told.get("__type", "").partition("#")[2]
        if error == "ConditionalCheckFailedException":
            # Nothing remembers an attempt that was refused. So an earlier one that is still on its way may yet find that its
            # condition holds: it stays unknown, beside this answer.
            item = shown(told.get("Item"))
            if in_doubt:
                self.history.maybe(next(self._clients), op, key.name, given, first)
                key.maybes += 1
            self.history.ok(client, op, key.name, given, call if in_doubt else first, now, applied=False, item=item)
            self._saw(key, None, item)
            return True
        assert status in (500, 503) or is_throttle(error), f"{op} {given}: {status} {told}"
        return False

    @staticmethod
    def _saw(key, value, item):
        newest = value or (item or {}).get("value")
        if newest:
            key.seen = [*key.seen[-7:], newest]

    async def _read_at_last(self, key, address):
        """Whatever was done to the cluster, by now it answers."""
        client = next(self._clients)
        name, body = request(self.table, GET, key.name, {})
        call = History.now()
        status, answer = await self._exchanges.call(address, name, json.dumps(body), PATIENT_S)
        assert status == 200, f"{key.name} cannot be read at the end: {status} {answer}"
        item = shown(json.loads(answer).get("Item"))
        self.history.ok(client, GET, key.name, {}, call, History.now(), applied=True, item=item)


def is_throttle(error):
    return error in ("ProvisionedThroughputExceededException", "ThrottlingException")
