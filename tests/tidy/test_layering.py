"""Includes run down the list of folders, and the pure core touches no clock, thread, socket, disk or actor."""

import re

import pytest

from source_tree import LAYERS, PURE, code, folder_of, text

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
# Everything may count what it does.
INCLUDED_FROM_ANYWHERE = {"monitoring/metrics.h"}
IMPURE = re.compile(
    r"^(caf|boost|leveldb|spdlog|prometheus|sys|netinet|arpa)/"
    r"|^(thread|mutex|shared_mutex|condition_variable|future|chrono|random|ctime|fstream|filesystem"
    r"|iostream|csignal|unistd\.h|pthread\.h|fcntl\.h|time\.h)$"
)


def includes(path):
    return INCLUDE.findall(text(path))


@pytest.mark.parametrize("folder", LAYERS)
def test_includes_run_downward(folder):
    below = set(LAYERS[: LAYERS.index(folder) + 1])
    wrong = [
        f"{path} includes {included}"
        for path in code(folder)
        for included in includes(path)
        if folder_of(included) in LAYERS and folder_of(included) not in below
        and not (included in INCLUDED_FROM_ANYWHERE and folder not in PURE)
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", sorted(PURE))
def test_the_core_is_pure(folder):
    wrong = [f"{path} includes {one}" for path in code(folder) for one in includes(path) if IMPURE.search(one)]
    assert wrong == []


def test_expressions_know_no_operation():
    wrong = [
        f"{path} includes {included}"
        for path in code("api")
        if path.startswith("api/expressions/")
        for included in includes(path)
        if included.startswith("api/operations/") or included == "api/registry.h"
    ]
    assert wrong == []


def test_own_headers_are_included_from_the_top():
    """One spelling a header: "model/number.h", never "number.h" or "../model/number.h"."""
    quoted = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
    wrong = [
        f'{path} includes "{included}"'
        for path in code(*LAYERS)
        for included in quoted.findall(text(path))
        if "/" not in included or included.startswith(".")
    ]
    assert wrong == []
