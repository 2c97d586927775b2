"""The registry's validation tables against the API's public model, as botocore carries it: operation by operation, shape by
shape, each type, bound, pattern, enumeration, member and required member. What differs stands with its reason in
model_differences.txt; an entry there that no longer differs fails.
"""

import collections
import functools
import gzip
import json
import os
import pathlib
import subprocess

import botocore
import pytest

from harness.server import BINARY

MODEL = pathlib.Path(botocore.__file__).parent / "data/dynamodb/2012-08-10/service-2.json.gz"
DUMP = pathlib.Path(os.environ.get("STATOR_SHAPES_DUMP", BINARY.parent / "tests/shapes_dump"))
EXPLAINED = pathlib.Path(__file__).with_name("model_differences.txt")
# A structure of which one list or map has many: the element of a list is its 'member', of a map its 'value'.
ELEMENTS = {"list": "member", "map": "value"}


@functools.cache
def model():
    with gzip.open(MODEL) as file:
        return json.load(file)


@functools.cache
def registry():
    assert os.access(DUMP, os.X_OK), f"{DUMP} is missing: build the target shapes_dump (STATOR_SHAPES_DUMP names another)"
    return json.loads(subprocess.run([DUMP], check=True, capture_output=True, timeout=60).stdout)


def compared():
    """{'Shape.aspect': (what the registry says, what the model says)} of everything that differs."""
    found = {}
    for operation, name in registry()["operations"].items():
        described = model()["operations"].get(operation, {}).get("input", {}).get("shape")
        note(found, f"{operation}.input", name, described)
    for ours in registry()["shapes"]:
        theirs = model()["shapes"].get(ours["name"])
        if theirs is None:
            note(found, f"{ours['name']}.shape", "there", "missing")
            continue
        for aspect in ("type", "min", "max", "pattern"):
            note(found, f"{ours['name']}.{aspect}", ours.get(aspect), theirs.get(aspect))
        # The registry has the order in which messages list the values, the model another.
        note(found, f"{ours['name']}.enum", sorted(ours.get("enum", [])), sorted(theirs.get("enum", [])))
        if ours["type"] in ELEMENTS:
            note(found, f"{ours['name']}.element", ours.get("element"), theirs.get(ELEMENTS[ours["type"]], {}).get("shape"))
            note(found, f"{ours['name']}.key", ours.get("key"), theirs.get("key", {}).get("shape"))
        if ours["type"] == "structure" and not ours.get("opaque"):
            compare_members(found, ours, theirs)
    return found


def compare_members(found, ours, theirs):
    for member in sorted(ours["members"].keys() | theirs["members"].keys()):
        mine, other = ours["members"].get(member), theirs["members"].get(member)
        note(found, f"{ours['name']}.{member}.shape", mine and mine["shape"], other and other["shape"])
        note(found, f"{ours['name']}.{member}.required", bool(mine and mine["required"]), member in theirs.get("required", []))


def note(found, what, ours, theirs):
    if ours != theirs:
        found[what] = (ours, theirs)


def explained():
    """{'Shape.aspect': reason}, of lines 'Shape.aspect  reason'."""
    lines = [line for line in EXPLAINED.read_text().splitlines() if line and not line.startswith("#")]
    entries = [line.split(None, 1) for line in lines]
    assert all(len(entry) == 2 for entry in entries), "an entry without a reason"
    counted = collections.Counter(entry[0] for entry in entries)
    assert [name for name, count in counted.items() if count > 1] == []
    return dict(entries)


def test_every_difference_has_its_reason():
    missing = {what: values for what, values in compared().items() if what not in explained()}
    assert missing == {}, "registry and model differ (the registry's, the model's)"


def test_every_reason_has_its_difference():
    assert [what for what in explained() if what not in compared()] == []


def test_shapes_of_one_name_are_one_shape():
    seen = {}
    for shape in registry()["shapes"]:
        assert seen.setdefault(shape["name"], shape) == shape


@pytest.mark.parametrize("broken", ["min", "required", "enum"])
def test_a_difference_would_be_seen(broken, monkeypatch):
    """The comparison itself: a registry with one thing changed differs in that thing."""
    changed = json.loads(json.dumps(registry()))
    shapes = {shape["name"]: shape for shape in changed["shapes"]}
    if broken == "min":
        shapes["KeyList"]["min"] = 2
    elif broken == "required":
        shapes["PutItemInput"]["members"]["Item"]["required"] = False
    else:
        shapes["ReturnValue"]["enum"].remove("NONE")
    before = set(compared())
    monkeypatch.setattr(f"{__name__}.registry", lambda: changed)
    expected = {"min": "KeyList.min", "required": "PutItemInput.Item.required", "enum": "ReturnValue.enum"}[broken]
    assert set(compared()) - before == {expected}
