"""The sources of the mutants' build: raft/ and cluster/ with all bugs of mutants.toml in them, each behind its switch.

    generate.py MUTANTS SOURCE OUTPUT     for CMake (CMakeLists.txt); writes only what changed
"""

import pathlib
import sys
import tomllib

FOLDERS = ("raft", "cluster")


def mutated(mutants, texts):
    """The texts, by path, with all edits made. Each must be found exactly once: sources move on, and this list with them."""
    for number, mutant in enumerate(mutants, 1):
        switch = f"(::stator::mutants::active == {number})"
        for edit in mutant["edits"]:
            text = texts[edit["file"]]
            found = text.count(edit["find"])
            if found != 1:
                raise SystemExit(f"mutants.toml: {mutant['name']}: its text is in {edit['file']} {found} times, not once")
            texts[edit["file"]] = text.replace(edit["find"], edit["replace"].replace("$on", switch))
    return texts


def write(path, text):
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def main():
    mutants_path, source, output = (pathlib.Path(argument) for argument in sys.argv[1:])
    mutants = tomllib.loads(mutants_path.read_text())["mutant"]
    paths = [path for folder in FOLDERS for path in sorted((source / folder).glob("*")) if path.suffix in (".h", ".cpp")]
    texts = mutated(mutants, {str(path.relative_to(source)): path.read_text() for path in paths})
    for path, text in texts.items():
        write(output / path, text)
    names = "".join(f'    "{mutant["name"]}",\n' for mutant in mutants)
    write(output / "mutant_names.inc", names)
    (output / "generated").touch()


if __name__ == "__main__":
    main()
