"""Adds up the JUnit files of all test runners: prints what failed or was skipped, then one line 'N passed, N failed, N skipped'.

    python tests/harness/results.py [--no-skips] FILE...

Exit code 1 where something failed, where nothing ran, where a file is missing, or, with --no-skips, where something was skipped.
"""

import sys
import xml.etree.ElementTree


def read(path):
    """(passed, [failed names], [skipped names]) of one file."""
    passed, failed, skipped = 0, [], []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}".lstrip(".")
        # ctest marks what did not run by its status, pytest by an element.
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            failed.append(name)
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            skipped.append(name)
        else:
            passed += 1
    return passed, failed, skipped


def main(arguments):
    no_skips = "--no-skips" in arguments
    passed, failed, skipped = 0, [], []
    for path in [argument for argument in arguments if argument != "--no-skips"]:
        try:
            more_passed, more_failed, more_skipped = read(path)
        except (OSError, xml.etree.ElementTree.ParseError) as error:
            more_passed, more_failed, more_skipped = 0, [f"{path}: its runner left no result ({error})"], []
        passed += more_passed
        failed += more_failed
        skipped += more_skipped
    for kind, names in (("failed", failed), ("skipped", skipped)):
        for name in names:
            print(f"  {kind}: {name}")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped", flush=True)
    return 1 if failed or not passed or (no_skips and skipped) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
