"""Small rules that reviews should not have to repeat. Lengths are a ratchet: nothing new crosses a limit, and a file that
crosses one already (ratchet.txt) may only shrink."""

import pathlib
import re

from source_tree import ROOT, code, files, text

HEADER_LINES_MAX = 250
SOURCE_LINES_MAX = 500
COLUMNS_MAX = 132  # what .clang-format aims at is 110; comments may run over a little
RATCHET = pathlib.Path(__file__).with_name("ratchet.txt")


def limit(path):
    """Headers are contracts and short; those of tests are no contracts."""
    return HEADER_LINES_MAX if path.endswith(".h") and not path.startswith("tests/") else SOURCE_LINES_MAX


def measured():
    return {path: text(path).count("\n") for path in code() + [p for p in files() if p.endswith(".py")]}


def ratchet():
    lines = [line.split() for line in RATCHET.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {path: int(length) for path, length in lines}


def test_files_have_one_job_and_its_length():
    allowed = ratchet()
    wrong = [
        f"{path} has {length} lines, more than {allowed.get(path, limit(path))}: has it still one job?"
        for path, length in measured().items()
        if length > allowed.get(path, limit(path))
    ]
    assert wrong == []


def test_the_ratchet_only_tightens():
    lengths = measured()
    loose = [
        f"{path} is listed with {length} lines and has {lengths.get(path, 0)}: write that, or drop the line if it fits"
        for path, length in ratchet().items()
        if lengths.get(path, 0) < length or lengths.get(path, 0) <= limit(path)
    ]
    assert loose == []


def test_lines_fit_a_screen():
    wrong = [
        f"{path}:{number}: {len(line)} columns"
        for path in code()
        for number, line in enumerate(text(path).splitlines(), 1)
        if len(line) > COLUMNS_MAX and '"' not in line  # a message stays whole, so that it can be searched for
    ]
    assert wrong == []


def test_a_source_file_says_its_job_first():
    wrong = [path for path in code() if not text(path).lstrip().startswith(("//", "/*"))]
    assert wrong == []


def test_headers_are_included_once():
    assert [path for path in code() if path.endswith(".h") and "#pragma once" not in text(path)] == []


def test_a_python_file_says_its_job_first():
    docstring = re.compile(r'\A(#!.*\n)?"""')
    assert [path for path in files() if path.endswith(".py") and not docstring.match(text(path))] == []


# Written in two pieces, so that this file does not match itself.
WORDS = [
    "TO" "DO", "FIX" "ME", "XX" "X:", "HA" "CK:",
    "/wo" "rk/", "/ro" "ot/", "/ho" "me/", "py" "pi.org", "registry.npm" "js.org", "deb.deb" "ian.org",
]


def test_no_leftovers_and_no_paths_of_one_machine():
    wrong = [
        f"{path}:{number}: {word}"
        for path in files()
        if path.endswith((".h", ".cpp", ".py", ".md", ".txt", ".cmake", ".capnp", ".json", ".lua", ".sh"))
        or path.startswith("deploy/") or path == "tests/run"
        for number, line in enumerate(text(path).splitlines(), 1)
        for word in WORDS
        if word in line
    ]
    assert wrong == []


def test_no_test_sleeps_and_hopes():
    """A C++ test waits for a condition; one that sleeps is slow where it works and wrong where the machine is slower. A
    short sleep inside a `while` that asks for the condition is waiting."""
    sleeps = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
    wrong = []
    for path in code("tests"):
        lines = text(path).splitlines()
        for number, line in enumerate(lines):
            if sleeps.search(line.split("//")[0]) and not any("while (" in near for near in lines[max(0, number - 3) : number]):
                wrong.append(f"{path}:{number + 1}")
    assert wrong == []


def test_links_in_the_docs_lead_somewhere():
    link = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
    code_in_text = re.compile(r"^```.*?^```|`[^`\n]*`", re.M | re.S)
    wrong = [
        f"{path}: {target}"
        for path in files()
        if path.endswith(".md")
        for target in link.findall(code_in_text.sub("", text(path)))
        if not (ROOT / path).parent.joinpath(target).exists()
    ]
    assert wrong == []


def test_scripts_can_be_run():
    shebang = [path for path in files() if (ROOT / path).read_bytes()[:2] == b"#!"]
    assert [path for path in shebang if not (ROOT / path).stat().st_mode & 0o111] == []
