"""A network for each node, to be broken by rules: a namespace a node, joined by a bridge in a namespace of its own, and one
leg for the test. Needs root, `ip` and `nft` (deploy/install test). All of it is gone after close().

    test process ── 198.18.N.254 ─┐
                                  bridge ── 198.18.N.1  node 1
                                         ── 198.18.N.2  node 2
                                         ── 198.18.N.3  node 3

198.18.0.0/15 is set aside for such tests (RFC 2544).
"""

import contextlib
import itertools
import os
import shutil
import subprocess

TEST = 0  # the test process, among the nodes
TEST_HOST = 254
_numbers = itertools.count()


def why_not():
    """Why no network can be made here; None where it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [tool for tool in ("ip", "nft") if not shutil.which(tool)]
    return f"{' and '.join(missing)} is not installed (deploy/install test)" if missing else None


class Network:
    """Nodes 1 to `nodes`. Rules add up until heal()."""

    def __init__(self, nodes=3):
        self.numbers = range(1, nodes + 1)
        self._name = f"stator-{os.getpid()}-{next(_numbers)}"
        self._leg = f"st{os.getpid()}x{self._name.rpartition('-')[2]}"[:15]
        self._subnet = free_subnet()
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def _make(self):
        lan = self._namespace("lan")
        run("ip", "netns", "add", lan)
        run("ip", "-n", lan, "link", "add", "bridge", "type", "bridge")
        run("ip", "-n", lan, "link", "set", "bridge", "up")
        for number in self.numbers:
            inside = self._namespace(number)
            run("ip", "netns", "add", inside)
            run("ip", "-n", inside, "link", "set", "lo", "up")
            run("ip", "link", "add", f"n{number}", "netns", lan, "type", "veth", "peer", "name", "eth0", "netns", inside)
            self._join(f"n{number}")
            run("ip", "-n", inside, "address", "add", f"{self.host(number)}/24", "dev", "eth0")
            run("ip", "-n", inside, "link", "set", "eth0", "up")
        run("ip", "link", "add", self._leg, "type", "veth", "peer", "name", "test", "netns", lan)
        self._join("test")
        run("ip", "address", "add", f"{self.host(TEST)}/24", "dev", self._leg)
        run("ip", "link", "set", self._leg, "up")
        self.heal()

    def _join(self, leg):
        run("ip", "-n", self._namespace("lan"), "link", "set", leg, "master", "bridge", "up")

    def _namespace(self, number):
        return f"{self._name}-{number}"

    def host(self, number):
        return f"198.18.{self._subnet}.{number or TEST_HOST}"

    def within(self, number):
        """The words that run a command as node `number` sees the world."""
        return ["ip", "netns", "exec", self._namespace(number)]

    # --- faults ---

    def heal(self):
        """Every packet arrives again."""
        for number in self.numbers:
            # A table that is declared, deleted and made again is one that is empty, whether it was there or not.
            self._rules(number, "table inet drill {}; delete table inet drill; table inet drill { chain in "
                                "{ type filter hook input priority 0; policy accept; }; chain out "
                                "{ type filter hook output priority 0; policy accept; }; }")

    def drop(self, source, to):
        """Nothing that `source` sends reaches `to`. TEST is the test process."""
        if to == TEST:
            self._rules(source, f"add rule inet drill out ip daddr {self.host(TEST)} drop")
        else:
            self._rules(to, f"add rule inet drill in ip saddr {self.host(source)} drop")

    def cut(self, one, other):
        """Nothing passes between the two."""
        self.drop(one, other)
        self.drop(other, one)

    def isolate(self, number, *, from_clients):
        """The node hears no other and is heard by none; the test process neither, if so wanted."""
        for other in self._others(number):
            self.cut(number, other)
        if from_clients:
            self.cut(number, TEST)

    def deafen(self, number):
        """What the other nodes send does not arrive; what it sends does."""
        for other in self._others(number):
            self.drop(other, number)

    def mute(self, number):
        """What it sends to the other nodes does not arrive; it hears them."""
        for other in self._others(number):
            self.drop(number, other)

    def lose(self, percent):
        """Of what goes between nodes, so many percent of the packets are lost, whichever."""
        for number in self.numbers:
            nodes = ", ".join(self.host(other) for other in self._others(number))
            self._rules(number, f"add rule inet drill in ip saddr {{ {nodes} }} numgen random mod 100 < {percent} drop")

    def _others(self, number):
        return [other for other in self.numbers if other != number]

    def _rules(self, number, text):
        run(*self.within(number), "nft", text)

    def close(self):
        for name in ["lan", *self.numbers]:
            with contextlib.suppress(subprocess.CalledProcessError):
                run("ip", "netns", "delete", self._namespace(name))
        # The test's leg goes with its peer, but only once no process is left in there.
        with contextlib.suppress(subprocess.CalledProcessError):
            run("ip", "link", "delete", self._leg)


def free_subnet():
    """The third number of an address range that no interface has."""
    taken = run("ip", "-o", "address", "show")
    start = os.getpid() % 256
    return next(n for n in ((start + i) % 256 for i in range(256)) if f" 198.18.{n}." not in taken)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return done.stdout
