#!/usr/bin/env python3
"""Reads the catalogue that load_packages.py loaded.

    examples/query_packages.py section database          a section, in pages, in order of name
    examples/query_packages.py section libs --prefix libc
    examples/query_packages.py show database redis-server  one record, every field
    examples/query_packages.py scan --segments 4         the whole table in parallel segments
    examples/query_packages.py count                     records by section
    examples/query_packages.py verify LEDGER             every acknowledged record is there
"""

import argparse
import collections
import concurrent.futures
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import botocore.exceptions
import packages


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    packages.add_connection_options(parser)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add_command(name, run, help):
        command = commands.add_parser(name, help=help)
        packages.add_connection_options(command, default=argparse.SUPPRESS)  # --endpoint before or after the command
        command.set_defaults(run=run)
        return command

    section = add_command("section", query_section, "a section, in pages")
    section.add_argument("section")
    section.add_argument("--prefix", default="", help="only names that begin so")
    section.add_argument("--page", type=int, default=100, metavar="N", help="records a page (default: 100)")

    show = add_command("show", show_package, "one record")
    show.add_argument("section")
    show.add_argument("package")

    scan = add_command("scan", scan_segments, "the whole table, in parallel segments")
    scan.add_argument("--segments", type=int, default=4, metavar="N")

    add_command("count", count_sections, "records by section")

    verify = add_command("verify", verify_ledger, "compare with a ledger of load_packages.py --ledger")
    verify.add_argument("ledger")

    options = parser.parse_args()
    try:
        sys.exit(options.run(packages.connect(options.endpoint), options))
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        sys.exit(f"query_packages: {error}")
    except BrokenPipeError:
        sys.exit(0)  # the reader, head say, has seen enough


def query_section(client, options):
    values = {":section": {"S": options.section}}
    condition = "#section = :section"
    if options.prefix:
        condition += " AND begins_with(Package, :prefix)"
        values[":prefix"] = {"S": options.prefix}
    paginator = client.get_paginator("query").paginate(
        TableName=packages.TABLE,
        KeyConditionExpression=condition,
        ExpressionAttributeNames={"#section": "Section", "#size": "Size"},
        ExpressionAttributeValues=values,
        ProjectionExpression="Package, Version, #size",
        PaginationConfig={"PageSize": options.page},
    )
    total = 0
    for number, page in enumerate(paginator, 1):
        for item in page["Items"]:
            print(f"  {item['Package']['S']:<40} {text(item.get('Version')):<28} {text(item.get('Size')):>12}")
        total += page["Count"]
        print(f"-- page {number}: {page['Count']} records")
    print(f"{total} records in section {options.section}")


def text(value):
    return "" if value is None else str(next(iter(value.values())))


def show_package(client, options):
    key = {"Section": {"S": options.section}, "Package": {"S": options.package}}
    item = client.get_item(TableName=packages.TABLE, Key=key, ConsistentRead=True).get("Item")
    if item is None:
        return f"query_packages: no package {options.package} in section {options.section}"
    for name, value in item.items():
        (kind, content), = value.items()
        if kind == "L":
            print(f"{name}:")
            for one in content:
                print(f"    {text(one)}")
        else:
            print(f"{name}: {content}")


def scan_segments(client, options):
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.segments) as pool:
        counts = list(pool.map(lambda segment: count_segment(client, segment, options.segments), range(options.segments)))
    for segment, count in enumerate(counts):
        print(f"  segment {segment}: {count} records")
    print(f"{sum(counts)} records in {options.segments} segments, {time.monotonic() - begun:.1f} s")


def count_segment(client, segment, segments):
    pages = client.get_paginator("scan").paginate(
        TableName=packages.TABLE, Segment=segment, TotalSegments=segments, Select="COUNT"
    )
    return sum(page["Count"] for page in pages)


def scan_keys(client, segments=4):
    """All keys that are there, in a list (so that a record that came twice would show)."""

    def one(segment):
        pages = client.get_paginator("scan").paginate(
            TableName=packages.TABLE,
            Segment=segment,
            TotalSegments=segments,
            ProjectionExpression="#section, Package",
            ExpressionAttributeNames={"#section": "Section"},
            ConsistentRead=True,
        )
        return [packages.key_of(item) for page in pages for item in page["Items"]]

    with concurrent.futures.ThreadPoolExecutor(segments) as pool:
        return [key for part in pool.map(one, range(segments)) for key in part]


def count_sections(client, options):
    sections = collections.Counter(section for section, _ in scan_keys(client))
    for section, count in sections.most_common():
        print(f"  {count:>6}  {printable(section)}")
    print(f"{sum(sections.values())} records in {len(sections)} sections")


def printable(name):
    return name if name.isprintable() else repr(name)


def verify_ledger(client, options):
    acknowledged = packages.read_ledger(options.ledger)
    found = scan_keys(client)
    missing = acknowledged - set(found)
    twice = len(found) - len(set(found))
    print(f"{len(acknowledged)} acknowledged, {len(found)} there, {len(missing)} missing, {twice} twice")
    for key in sorted(missing)[:10]:
        print(f"  missing: {key}")
    return 1 if missing or twice else 0


if __name__ == "__main__":
    main()
