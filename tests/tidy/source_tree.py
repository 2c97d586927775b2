"""The source files that the style checks read: what git knows of or would take in, by folder and kind."""

import functools
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

# From the ground up: a folder includes itself and what stands before it, never what comes after (docs/architecture.md).
LAYERS = ["schemas", "model", "api", "raft", "cluster", "storage", "monitoring", "net", "actors", "cli"]
PURE = {"model", "api", "raft", "cluster"}
CODE = (".h", ".cpp")


@functools.cache
def files():
    """Paths from the top, sorted, of tracked files and of new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode().split("\0")
    return sorted(path for path in set(listed) if path and (ROOT / path).is_file())


@functools.cache
def text(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def code(*folders, suffixes=CODE):
    return [p for p in files() if p.endswith(suffixes) and (not folders or p.split("/")[0] in folders)]


def folder_of(path):
    return path.split("/")[0]
