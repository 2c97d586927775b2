"""What the two catalogue examples share: the table, records to items, connections, patience."""

import json
import os
import random
import re
import sys
import time

try:
    import boto3
    import botocore.exceptions
    from botocore.config import Config
except ImportError:
    sys.exit("this needs boto3; deploy/python has it: deploy/python examples/load_packages.py")

TABLE = "Packages"
ENDPOINT = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000")
ITEM_BYTES_MAX = 400 * 1024
SORT_KEY_BYTES_MAX = 1024
REQUEST_BYTES_MAX = 12 * 1024 * 1024  # the service takes 16 MB; JSON is longer than what it carries
NUMBERS = {"Size", "Installed-Size"}
LISTS = {"Depends", "Pre-Depends", "Recommends", "Suggests", "Enhances", "Conflicts", "Breaks", "Replaces", "Provides", "Tag"}
RETRIABLE = {
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
}


class GaveUp(Exception):
    """Nothing was acknowledged for longer than the caller's patience."""


def add_connection_options(parser, default=ENDPOINT):
    help = f"the server (default: $AWS_ENDPOINT_URL_DYNAMODB, else {ENDPOINT})"
    parser.add_argument("--endpoint", default=default, metavar="URL", help=help)


def connect(endpoint, connections=8, attempts=1):
    """Any credentials will do; a region has to be named. `attempts` of the SDK a call: with one, retrying() does it all."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            connect_timeout=2,
            read_timeout=30,
            max_pool_connections=connections,
        ),
    )


def create_table(client):
    try:
        client.create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "Section", "KeyType": "HASH"},
                {"AttributeName": "Package", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "Section", "AttributeType": "S"},
                {"AttributeName": "Package", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    except client.exceptions.ResourceInUseException:
        pass  # from an earlier run
    client.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def to_item(paragraph):
    """A record of the catalogue as an item, or None where it names no package."""
    fields, name = {}, None
    for line in paragraph.splitlines():
        if line[:1] in (" ", "\t"):
            if name:
                fields[name] += "\n" + line.strip()
        else:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    if not fields.get("Package"):
        return None
    fields.setdefault("Section", "unknown")
    item = {name: to_value(name, value) for name, value in fields.items()}
    return shortened(item)


def to_value(name, text):
    if name in NUMBERS and re.fullmatch(r"[0-9]{1,38}", text):
        return {"N": text}
    if name in LISTS:
        return {"L": [{"S": part.strip()} for part in text.split(",") if part.strip()]}
    return {"S": text}


def shortened(item):
    """The service takes items of up to 400 KB: the longest attribute gives way, and the item says so."""
    while item_bytes(item) > ITEM_BYTES_MAX:
        longest = max((name for name in item if name not in ("Section", "Package")), key=lambda n: value_bytes(item[n]))
        del item[longest]
        item.setdefault("Shortened", {"L": []})["L"].append({"S": longest})
    return item


def item_bytes(item):
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def value_bytes(value):
    """As the service counts; for numbers an upper bound."""
    (kind, content), = value.items()
    if kind == "L":
        return 3 + sum(1 + value_bytes(one) for one in content)
    return len(content.encode())


def hostile_items():
    """Rows that trip naive servers: NUL and emoji in keys and names, the longest keys, the largest item."""
    longest = {"Section": {"S": "hostile"}, "Package": {"S": "the-largest"}, "Filler": {"S": ""}}
    longest["Filler"]["S"] = "x" * (ITEM_BYTES_MAX - item_bytes(longest))
    names = ["\x00", "a\x00", "a\x00b", "\U0001f4e6 box", "\uffff", "'; DROP TABLE Packages; --", "s" * SORT_KEY_BYTES_MAX]
    rows = [
        {
            "Section": {"S": "hostile"},
            "Package": {"S": name},
            "nul \x00 name": {"S": "\x00"},
            "\U0001f600": {"S": "grüße \U0001f680"},
            "Size": {"N": "12345678901234567890123456789012345678"},
        }
        for name in names
    ]
    return rows + [{"Section": {"S": "hostile\x00section"}, "Package": {"S": "neighbour"}}, longest]


def key_of(item):
    return item["Section"]["S"], item["Package"]["S"]


def ledger_line(item):
    return json.dumps(key_of(item)) + "\n"


def read_ledger(path):
    """The acknowledged keys. A last line without an end was being written when the loader died: not acknowledged."""
    with open(path, encoding="utf-8") as ledger:
        return {tuple(json.loads(line)) for line in ledger if line.endswith("\n")}


def parts_within_a_request(items):
    """Cuts a batch where its bytes would pass the size of a request."""
    part, size = [], 0
    for item in items:
        bytes_here = item_bytes(item)
        if part and size + bytes_here > REQUEST_BYTES_MAX:
            yield part
            part, size = [], 0
        part.append(item)
        size += bytes_here
    if part:
        yield part


def is_gone(error):
    """Whether the server is away, or went away in the middle: nobody answered, as opposed to an answer that says no."""
    return isinstance(error, (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError))


def retrying(call, patience_left, on_retry=lambda error: None):
    """Calls until it succeeds. A server that is away, restarting or busy is asked again until patience_left() is used up;
    on_retry(error) comes before each repetition."""
    attempt = 0
    while True:
        try:
            return call()
        except botocore.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status < 500 and error.response["Error"]["Code"] not in RETRIABLE:
                raise
            failure = error
        except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as error:
            failure = error
        if patience_left() <= 0:
            raise GaveUp(f"no answer for too long; the last one was: {failure}")
        on_retry(failure)
        attempt += 1
        time.sleep(random.uniform(0, min(1.0, 0.02 * 2 ** min(attempt, 6))))


def bar(done, width=30):
    full = round(done * width)
    return "[" + "#" * full + "." * (width - full) + "]"
