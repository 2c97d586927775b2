"""Three processes of Stator beside three of etcd on the same machine: puts, each synced on a majority before it is answered.
`bench/run --cluster` starts it.

Both get JSON over HTTP from wrk, one thread on the same cores, at one endpoint: Stator's PutItem, etcd's /v3/kv/put; the
same number of bytes under the same keys. The rounds alternate (A B, B A, ...). CPU is what the three processes use for a put.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(HERE))
from harness import tables
from harness.cluster import Cluster
from side_by_side import free_port, parse_wrk

TABLE = "Bench"
START_DEADLINE_S = 30
STOP_DEADLINE_S = 10


class StatorThree:
    script = "put_item.lua"

    def __init__(self, folder):
        self.cluster = Cluster(folder / "stator")

    def start(self):
        self.cluster.start()
        tables.create(self.cluster.client(), name=TABLE)
        self.endpoint = self.cluster.endpoint(1)

    def pids(self):
        return [self.cluster.node(number)["pid"] for number in self.cluster.numbers]

    def check(self):
        self.cluster.check()

    def stop(self):
        self.cluster.end()


class EtcdThree:
    script = "etcd_put.lua"

    def __init__(self, folder):
        self.folder = folder / "etcd"
        self.processes = []

    def start(self):
        self.folder.mkdir(parents=True)
        ports = [(free_port(), free_port()) for _ in range(3)]
        members = ",".join(f"n{i}=http://127.0.0.1:{peer}" for i, (_, peer) in enumerate(ports))
        for i, (client, peer) in enumerate(ports):
            mine, others = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
            command = [shutil.which("etcd"), "--name", f"n{i}", "--data-dir", str(self.folder / f"n{i}"),
                       "--listen-client-urls", mine, "--advertise-client-urls", mine, "--listen-peer-urls", others,
                       "--initial-advertise-peer-urls", others, "--initial-cluster", members,
                       "--initial-cluster-state", "new", "--log-level", "error"]
            with open(self.folder / f"n{i}.log", "wb") as log:
                self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        self.endpoint = f"http://127.0.0.1:{ports[0][0]}"
        end = time.monotonic() + START_DEADLINE_S
        while not self.answers():
            self.check()
            if time.monotonic() > end:
                sys.exit(f"three_nodes: etcd does not answer\n{self.logs()}")
            time.sleep(0.05)

    def answers(self):
        put = urllib.request.Request(f"{self.endpoint}/v3/kv/put", b'{"key":"aGVsbG8=","value":"aGVsbG8="}', method="POST")
        with contextlib.suppress(OSError, urllib.error.URLError):
            return urllib.request.urlopen(put, timeout=2).status == 200
        return False

    def logs(self):
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(self.folder.glob("*.log")))

    def pids(self):
        return [process.pid for process in self.processes]

    def check(self):
        if any(process.poll() is not None for process in self.processes):
            sys.exit(f"three_nodes: an etcd ended by itself\n{self.logs()}")

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds a measurement (default: 5)")
    parser.add_argument("--seconds", type=int, default=10, help="seconds a round (default: 10)")
    parser.add_argument("--connections", type=int, nargs="+", default=[32, 128], help="of wrk (default: 32 128)")
    parser.add_argument("--only", choices=["stator", "etcd"], help="measure one alone")
    options = parser.parse_args()
    makers = {"stator": StatorThree, "etcd": EtcdThree}
    if options.only:
        makers = {options.only: makers[options.only]}
    if "etcd" in makers and not shutil.which("etcd"):
        sys.exit("three_nodes: etcd is missing; deploy/install bench installs it")
    with tempfile.TemporaryDirectory(prefix="stator-three-") as folder, contextlib.ExitStack() as stack:
        clusters = {}
        for name, make in makers.items():
            clusters[name] = make(pathlib.Path(folder))
            stack.callback(clusters[name].stop)
            clusters[name].start()
        report(options, measure(clusters, options))


def measure(clusters, options):
    """{(connections, name): [a result a round]}. A round that is not counted warms up first."""
    results = {}
    for connections in options.connections:
        for cluster in clusters.values():
            run_wrk(cluster, connections, 2, seed=0)
        for number in range(options.rounds):
            order = list(clusters) if number % 2 == 0 else list(clusters)[::-1]
            for name in order:
                result = run_wrk(clusters[name], connections, options.seconds, seed=number + 1)
                results.setdefault((connections, name), []).append(result)
                print(f"  {connections} connections round {number + 1}/{options.rounds} {name:<7} {result['rate']:>8.0f}/s  "
                      f"p50 {result['p50']:.2f} ms  p99 {result['p99']:.2f} ms  CPU {result['cpu']:.0f} us", flush=True)
    return results


def run_wrk(cluster, connections, seconds, seed):
    before = cpu_seconds(cluster)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(HERE / cluster.script),
               cluster.endpoint, "--", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True)
    used = cpu_seconds(cluster) - before
    cluster.check()
    if done.returncode != 0 or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"three_nodes: not all puts were answered with success:\n{done.stdout}{done.stderr}")
    result = parse_wrk(done.stdout)
    result["cpu"] = used * 1e6 / max(result["requests"], 1)
    return result


def cpu_seconds(cluster):
    ticks = 0
    for pid in cluster.pids():
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def report(options, results):
    names = list(dict.fromkeys(name for _, name in results))
    print(f"\nmedians of {options.rounds} rounds of {options.seconds} s; three processes each, wrk on the same cores\n")
    print(f"{'':<32}" + "".join(f"{name:>12}" for name in names) + (f"{'ratio':>10}" if len(names) == 2 else ""))
    for connections in options.connections:
        for field, label, form in (("rate", "puts a second", "{:,.0f}"), ("p50", "p50 ms", "{:.2f}"),
                                   ("p99", "p99 ms", "{:.2f}"), ("cpu", "CPU us a put", "{:.0f}")):
            values = [statistics.median(one[field] for one in results[connections, name]) for name in names]
            ratio = f"{values[0] / values[1]:>9.2f}x" if len(values) == 2 else ""
            print(f"{f'{connections} connections, {label}':<32}" + "".join(f"{form.format(v):>12}" for v in values) + ratio)


if __name__ == "__main__":
    main()
