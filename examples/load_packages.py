#!/usr/bin/env python3
"""Loads Debian's package catalogue, about 63,000 real records, into a table named Packages.

    examples/load_packages.py                            all of it, with progress
    examples/load_packages.py --limit 5000 --workers 4   a part of it
    examples/load_packages.py --endpoints http://127.0.0.1:8000,http://127.0.0.1:9000,http://127.0.0.1:10000

Partition key Section, sort key Package; every field of a record becomes an attribute: sizes as numbers, dependencies as
lists, the rest as strings. A few rows are deliberately hostile (NUL, emoji, exactly 400 KB). Loading twice changes nothing.
The server may be killed and restarted on the way: what is not acknowledged is sent again. With several endpoints the
workers begin at different ones, leave the retries of a request to the SDK, and move on to the next where theirs is gone.
--ledger keeps the acknowledged keys in a file, one line each, so that they can be checked afterwards with
examples/query_packages.py verify.
"""

import argparse
import pathlib
import queue
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import packages

BATCH = 25
SDK_ATTEMPTS = 3  # a request, where there are several endpoints: what the SDKs do by themselves
PROGRESS_INTERVAL_S = 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    packages.add_connection_options(parser)
    parser.add_argument("--endpoints", metavar="URL,URL,...", help="several servers of one cluster, in place of --endpoint")
    parser.add_argument("--catalogue", metavar="FILE", help="read this file instead, in the format of apt-cache dumpavail")
    parser.add_argument("--ledger", metavar="FILE", help="append each acknowledged key to this file")
    parser.add_argument("--limit", type=int, metavar="N", help="load only the first N records")
    parser.add_argument("--workers", type=int, default=8, metavar="N", help="threads that write (default: 8)")
    parser.add_argument("--patience", type=float, default=60, metavar="SECONDS",
                        help="give up after this long without a single acknowledged batch (default: 60)")
    options = parser.parse_args()
    try:
        records = read_catalogue(options.limit, options.catalogue)
    except CatalogueError as error:
        sys.exit(f"load_packages: {error}")
    try:
        Loader(options, records).run()
    except packages.GaveUp as error:
        sys.exit(f"\nload_packages: {error}")
    except KeyboardInterrupt:
        sys.exit("\nload_packages: interrupted; run it again to go on, nothing is written twice")


class CatalogueError(Exception):
    """There is no catalogue to read; the message says what to do."""


def read_catalogue(limit=None, path=None):
    """The catalogue's first `limit` records and the hostile rows, as items."""
    text = pathlib.Path(path).read_text(errors="replace") if path else apt_catalogue()
    items = {}
    for paragraph in text.split("\n\n"):
        item = packages.to_item(paragraph)
        if item:
            items.setdefault(packages.key_of(item), item)
        if limit and len(items) >= limit:
            break
    if not items:
        raise CatalogueError("the catalogue is empty: run 'apt-get update' as root first")
    return list(items.values()) + packages.hostile_items()


def apt_catalogue():
    try:
        return subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True).stdout.decode(errors="replace")
    except FileNotFoundError:
        raise CatalogueError("there is no apt-cache here: the catalogue is Debian's") from None
    except subprocess.CalledProcessError as error:
        raise CatalogueError(f"apt-cache dumpavail failed: {error.stderr.decode().strip()}") from None


class Loader:
    """Threads take batches from a queue and write each until it is acknowledged."""

    def __init__(self, options, items):
        self.options = options
        self.items = items
        endpoints = options.endpoints.split(",") if options.endpoints else [options.endpoint]
        attempts = SDK_ATTEMPTS if len(endpoints) > 1 else 1
        self.clients = [packages.connect(one, options.workers, attempts) for one in endpoints]
        self.batches = queue.SimpleQueue()
        for start in range(0, len(items), BATCH):
            self.batches.put(items[start : start + BATCH])
        self.ledger = open(options.ledger, "a", encoding="utf-8") if options.ledger else None
        self.lock = threading.Lock()
        self.acknowledged = 0
        self.retries = 0
        self.moves = 0  # of workers whose endpoint was gone
        self.failures = 0  # answers that said no after the SDK's own retries
        self.last_success = time.monotonic()
        self.failure = None

    def run(self):
        begun = time.monotonic()
        first = Place(self, 0)
        packages.retrying(lambda: packages.create_table(first.client), self.patience_left, first.moved_on)
        self.last_success = time.monotonic()
        threads = [
            threading.Thread(target=self.work, args=(Place(self, number),), daemon=True)
            for number in range(self.options.workers)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(PROGRESS_INTERVAL_S / len(threads))
            self.show_progress(begun)
        self.show_progress(begun)
        print()
        if self.ledger:
            self.ledger.close()
        if self.failure:
            raise self.failure
        seconds = time.monotonic() - begun
        print(f"{self.acknowledged} records in {seconds:.1f} s, {self.acknowledged / seconds:.0f} a second; "
              f"{self.retries} requests were sent again")
        if len(self.clients) > 1:
            print(f"{self.moves} times a worker moved on from an endpoint that was gone; "
                  f"{self.failures} requests failed after the SDK's own retries")

    def work(self, place):
        try:
            while self.failure is None:
                try:
                    batch = self.batches.get_nowait()
                except queue.Empty:
                    return
                self.write(batch, place)
        except Exception as error:  # told by run(), on the main thread
            self.failure = error

    def write(self, batch, place):
        for part in packages.parts_within_a_request(batch):
            left = part
            while left:
                unprocessed = packages.retrying(lambda: self.send(left, place), self.patience_left, place.moved_on)
                self.acknowledge([item for item in left if item not in unprocessed])
                left = unprocessed

    def send(self, items, place):
        requests = {packages.TABLE: [{"PutRequest": {"Item": item}} for item in items]}
        unprocessed = place.client.batch_write_item(RequestItems=requests)["UnprocessedItems"]
        return [request["PutRequest"]["Item"] for request in unprocessed.get(packages.TABLE, [])]

    def acknowledge(self, items):
        with self.lock:
            self.acknowledged += len(items)
            self.last_success = time.monotonic()
            if self.ledger:
                for item in items:
                    self.ledger.write(packages.ledger_line(item))
                self.ledger.flush()

    def patience_left(self):
        return self.options.patience - (time.monotonic() - self.last_success)

    def count_retry(self, moved):
        with self.lock:
            self.retries += 1
            if moved:
                self.moves += 1
            else:
                self.failures += 1

    def show_progress(self, begun):
        done = self.acknowledged / len(self.items)
        seconds = time.monotonic() - begun
        line = f"{packages.bar(done)} {self.acknowledged}/{len(self.items)}  {self.acknowledged / seconds:.0f}/s"
        if self.retries:
            line += f"  {self.retries} sent again"
        print(f"\r{line:<79}" if sys.stdout.isatty() else line, end="" if sys.stdout.isatty() else "\n", flush=True)


class Place:
    """Where one worker sends to: an endpoint until it is gone, then the next one."""

    def __init__(self, loader, number):
        self.loader = loader
        self.number = number

    @property
    def client(self):
        return self.loader.clients[self.number % len(self.loader.clients)]

    def moved_on(self, error):
        """Before a request is sent again."""
        gone = packages.is_gone(error)
        if gone:
            self.number += 1
        self.loader.count_retry(gone)


if __name__ == "__main__":
    main()
