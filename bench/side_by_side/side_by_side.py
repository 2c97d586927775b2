"""Stator beside dynalite 4 on the same machine: puts, strong gets, start, memory. bench/run starts it.

Both keep their data on disk; Stator syncs every write before it answers, dynalite does not. wrk runs one thread on the
same cores. The rounds alternate (A B, B A, ...), so that a machine that slows down on the way slows both.
"""

import argparse
import concurrent.futures
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from harness import tables
from harness.server import Server, dynamodb_client

WORK = ROOT / "build/bench"
DYNALITE = WORK / "node_modules/dynalite/cli.js"
TABLE = "Bench"
STORED_ROWS = 10_000
KINDS = {"PutItem": "put_item.lua", "GetItem": "get_item.lua"}
MIB = 1024 * 1024


class Dynalite(Server):
    """The same life as a Stator under test, with dynalite's command line."""

    def __init__(self, data_dir):
        super().__init__(data_dir=data_dir, binary=shutil.which("node"))
        self.port = free_port()

    def command(self):
        # Its cli.js is no command on every system; createTableMs 0 makes tables usable at once.
        return [self.binary, str(DYNALITE), "--host", "127.0.0.1", "--port", str(self.port), "--path",
                str(self.data_dir), "--createTableMs", "0", "--deleteTableMs", "0"]

    def _read_banner(self, seen):
        return b"listening" in self.log_path.read_bytes()[seen:]

    def _answers(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5):
            return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds a measurement (default: 5)")
    parser.add_argument("--seconds", type=int, default=10, help="seconds a round (default: 10)")
    parser.add_argument("--connections", type=int, default=32, help="wrk's connections (default: 32)")
    parser.add_argument("--only", choices=["stator", "dynalite"], help="measure one alone")
    options = parser.parse_args()

    makers = {"stator": lambda folder: Server(data_dir=folder), "dynalite": Dynalite}
    if options.only:
        makers = {options.only: makers[options.only]}
    elif not DYNALITE.exists():
        sys.exit(f"side_by_side: {DYNALITE} is missing; bench/run installs it")
    servers, starts, idle = {}, {}, {}
    try:
        for name, make in makers.items():
            starts[name] = measure_starts(make, name, options.rounds)
            servers[name] = make(fresh_folder(name))
            servers[name].start()
            idle[name] = servers[name].rss_bytes()
            fill(servers[name])
        results = measure(servers, options)
        loaded = {name: server.rss_bytes() for name, server in servers.items()}
    finally:
        for server in servers.values():
            if server.alive():
                server.stop()
    report(options, starts, idle, loaded, results)


def fresh_folder(name):
    folder = WORK / f"data-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def measure_starts(make, name, rounds):
    """Seconds from exec to the first answer, on an empty folder."""
    seconds = []
    for _ in range(rounds):
        server = make(fresh_folder(name))
        seconds.append(server.start())
        server.stop()
    return statistics.median(seconds)


def fill(server):
    client = dynamodb_client(server.endpoint)
    tables.create(client, name=TABLE)
    rows = [{"pk": {"S": f"{number:08}"}, "f": {"S": "x" * 87}} for number in range(STORED_ROWS)]
    parts = [rows[start : start + 500] for start in range(0, STORED_ROWS, 500)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda part: tables.put_many(client, TABLE, part), parts))


def measure(servers, options):
    """{kind: {name: [a result a round]}}. A round that is not counted warms up first."""
    results = {kind: {name: [] for name in servers} for kind in KINDS}
    for kind in KINDS:
        for server in servers.values():
            run_wrk(server, kind, 2, options.connections, seed=0)
        for number in range(options.rounds):
            order = list(servers) if number % 2 == 0 else list(servers)[::-1]
            for name in order:
                result = run_wrk(servers[name], kind, options.seconds, options.connections, seed=number + 1)
                results[kind][name].append(result)
                print(f"  {kind} round {number + 1}/{options.rounds} {name:<9} {result['rate']:>9.0f}/s  "
                      f"p50 {result['p50']:.2f} ms  p99 {result['p99']:.2f} ms", flush=True)
    return results


def run_wrk(server, kind, seconds, connections, seed):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(HERE / KINDS[kind]),
               server.endpoint, "--", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True)
    server.check()
    if done.returncode != 0:
        sys.exit(f"side_by_side: wrk failed:\n{done.stdout}{done.stderr}")
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"side_by_side: not all of {kind} was answered with success:\n{done.stdout}\n{server.log_tail()}")
    return parse_wrk(done.stdout)


def parse_wrk(output):
    return {
        "requests": int(re.search(r"(\d+) requests in", output)[1]),
        "rate": float(re.search(r"Requests/sec:\s+([0-9.]+)", output)[1]),
        "p50": milliseconds(output, "50%"),
        "p99": milliseconds(output, "99%"),
    }


def milliseconds(output, percentile):
    number, unit = re.search(rf"^\s+{percentile}\s+([0-9.]+)(us|ms|s)", output, re.M).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def report(options, starts, idle, loaded, results):
    names = list(starts)
    print(f"\nmedians of {options.rounds} rounds of {options.seconds} s, {options.connections} connections, "
          f"wrk on the same cores; Stator syncs, dynalite does not\n")
    header = f"{'':<24}" + "".join(f"{name:>14}" for name in names) + (f"{'ratio':>10}" if len(names) == 2 else "")
    print(header)

    def row(label, values, form):
        line = f"{label:<24}" + "".join(f"{form.format(values[name]):>14}" for name in names)
        if len(names) == 2:
            line += f"{values[names[0]] / values[names[1]]:>9.2f}x"
        print(line)

    for kind, by_name in results.items():
        for field, label, form in (("rate", "a second", "{:,.0f}"), ("p50", "p50 ms", "{:.2f}"), ("p99", "p99 ms", "{:.2f}")):
            medians = {name: statistics.median(one[field] for one in rounds) for name, rounds in by_name.items()}
            row(f"{kind} {label}", medians, form)
    row("start to answer, ms", {name: seconds * 1000 for name, seconds in starts.items()}, "{:.0f}")
    row("idle RSS, MiB", {name: size / MIB for name, size in idle.items()}, "{:.1f}")
    row("RSS after it all, MiB", {name: size / MIB for name, size in loaded.items()}, "{:.1f}")


if __name__ == "__main__":
    main()
