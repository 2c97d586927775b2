"""Each operation of the registry is told of in docs/compatibility.md and is called by a client test."""

import re

from source_tree import files, text

REGISTRY = "api/registry.cpp"
COMPATIBILITY = "docs/compatibility.md"


def operations():
    names = re.findall(r"^\s*&k([A-Z]\w+),", text(REGISTRY), re.M)
    assert len(names) > 10, f"no list of operations was found in {REGISTRY}"
    return names


def boto3_name(operation):
    """PutItem: put_item, as boto3 names its methods."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def test_the_list_is_sorted_and_each_is_once():
    assert operations() == sorted(set(operations()))


def test_each_has_its_part_of_the_compatibility_page():
    headings = set(re.findall(r"^#+ (\w+)$", text(COMPATIBILITY), re.M))
    assert [name for name in operations() if name not in headings] == []


def test_each_is_called_by_a_client_test():
    tests = "\n".join(text(path) for path in files() if path.startswith("tests/clients/test_"))
    assert [name for name in operations() if f".{boto3_name(name)}" not in tests] == []


def test_each_has_a_file_of_its_own():
    missing = [name for name in operations() if f"api/operations/{boto3_name(name)}.cpp" not in files()]
    assert missing == []
