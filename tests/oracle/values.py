"""Attribute values, items and tables as a user might write them: mostly right, sometimes at a border, sometimes wrong."""

import base64

# Attributes keep to a type each, so that expressions over stored items often succeed; the odd value breaks the rule.
TYPES = {
    "s": "S", "t": "S", "n": "N", "o": "N", "b": "B", "ss": "SS", "ns": "NS", "bs": "BS", "l": "L", "m": "M",
    "flag": "BOOL", "nil": "NULL",
}  # fmt: skip
# A reserved word, and names that only a placeholder can name.
AWKWARD_NAMES = ["status", "name", "a-b", "a.b", "_x", "1st", "ünï"]
NAMES = [*TYPES, *AWKWARD_NAMES]

STRINGS = ["a", "b", "ab", "abc", "", "B", "z", "é", "日本", "😀", "a b", "x" * 300]
NUMBERS = ["0", "1", "2", "-1", "10", "3.14", "1e2", "-0.5", "100", "0.1", "-0", "1.0", "007", "+5", ".5", "5."]
# Kept out of attributes that are calculated with: sums of them have more digits than a number may have.
EXTREME_NUMBERS = ["99999999999999999999999999999999999999", "1E125", "1E-130", "-1E-130", "-9.99E125"]
BAD_NUMBERS = ["", "abc", "1e126", "1E-131", "123456789012345678901234567890123456789", "1 ", "0x10", "NaN", "Infinity", "--1"]
BINARIES = [base64.b64encode(raw).decode() for raw in (b"\0", b"\1", b"ab", b"\xff\xff", b"abc", b"x" * 100)]

TABLE = "oracle"


def scalar(choose, kind):
    if kind == "S":
        return {"S": choose.of(STRINGS)}
    if kind == "N":
        return {"N": choose.of(NUMBERS)}
    return {"B": choose.of(BINARIES)}


def value(choose, kind, depth=2):
    """A right value of the type `kind`."""
    if kind in ("S", "N", "B"):
        return scalar(choose, kind)
    if kind == "SS":
        return {"SS": _distinct(choose, ["a", "b", "c", "ab", "é"])}
    if kind == "NS":
        return {"NS": _distinct(choose, ["1", "2", "3", "-1", "2.5", "1e2"])}
    if kind == "BS":
        return {"BS": _distinct(choose, BINARIES[:4])}
    if kind == "BOOL":
        return {"BOOL": choose.percent(50)}
    if kind == "NULL":
        return {"NULL": True}
    if kind == "L":
        return {"L": [any_value(choose, depth - 1) for _ in range(choose.below(4))]}
    return {"M": {name: any_value(choose, depth - 1) for name in choose.some(["s", "n", "l", "m", "x"], 3)}}


def _distinct(choose, options):
    return choose.some(options, 3) or [options[0]]


def any_value(choose, depth=2):
    kinds = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS"] + (["L", "M"] if depth > 0 else [])
    if choose.percent(3):
        return {"N": choose.of(EXTREME_NUMBERS)}
    return value(choose, choose.of(kinds), depth)


def wrong_value(choose):
    """A value that the service refuses, for one reason."""
    return choose.weighted([
        (2, {}), (2, {"S": "a", "N": "1"}), (1, {"NULL": False}), (2, {"SS": []}), (1, {"NS": []}), (1, {"BS": []}),
        (2, {"SS": ["a", "a"]}), (1, {"NS": ["1", "1.0"]}), (1, {"BS": ["AQ==", "AQ=="]}), (1, {"NS": ["1", "x"]}),
        (4, {"N": choose.of(BAD_NUMBERS)}), (1, {"L": [{"S": "a"}, {}]}), (1, {"M": {"x": {"N": "x"}}}), (1, {"M": {"x": {"SS": []}}}),
    ])  # fmt: skip


def value_for(choose, name):
    """What the attribute `name` would hold: its own type, or now and then another."""
    if choose.percent(8):
        return any_value(choose)
    return value(choose, TYPES[name]) if name in TYPES else any_value(choose, 1)


class Schema:
    """A table's keys: {"pk": type} and perhaps {"sk": type}, and its indexes."""

    def __init__(self, partition_type, sort_type=None, indexes=()):
        self.partition_type = partition_type
        self.sort_type = sort_type
        self.indexes = list(indexes)

    @property
    def keys(self):
        names = {"pk": self.partition_type}
        if self.sort_type:
            names["sk"] = self.sort_type
        return names

    def __repr__(self):
        return f"Schema({self.partition_type}, {self.sort_type}, {[index.description() for index in self.indexes]})"

    def create_table(self):
        kinds = dict(self.keys)
        request = {
            "TableName": TABLE,
            "KeySchema": _key_schema(self.keys),
            "BillingMode": "PAY_PER_REQUEST",
        }
        for index in self.indexes:
            kinds.update(index.keys)
            request.setdefault(index.member, []).append(index.description())
        request["AttributeDefinitions"] = [{"AttributeName": n, "AttributeType": t} for n, t in kinds.items()]
        return request


class Index:
    """A secondary index: local ones have the table's partition key."""

    def __init__(self, name, keys, projection, local):
        self.name = name
        self.keys = keys
        self.projection = projection
        self.local = local
        self.member = "LocalSecondaryIndexes" if local else "GlobalSecondaryIndexes"

    def description(self):
        projection = {"ProjectionType": self.projection}
        if self.projection == "INCLUDE":
            projection["NonKeyAttributes"] = ["t"]
        return {"IndexName": self.name, "KeySchema": _key_schema(self.keys), "Projection": projection}


def _key_schema(keys):
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, ("HASH", "RANGE"))]


def schema(choose, indexes=False):
    chosen = Schema(choose.of("SNB"), choose.of([None, "S", "N", "B"]))
    if indexes:
        projections = ["ALL", "KEYS_ONLY", "INCLUDE"]
        if chosen.sort_type and choose.percent(60):
            sort = choose.of(["s", "n"])
            chosen.indexes.append(Index("lsi", {"pk": chosen.partition_type, sort: TYPES[sort]}, choose.of(projections), True))
        if choose.percent(60) or not chosen.indexes:
            keys = choose.of([{"s": "S"}, {"n": "N"}, {"s": "S", "n": "N"}, {"n": "N", "sk": chosen.sort_type or "S"}, {"t": "S", "pk": chosen.partition_type}])
            if "sk" in keys and not chosen.sort_type:
                keys = {"n": "N"}
            chosen.indexes.append(Index("gsi", dict(keys), choose.of(projections), False))
    return chosen


KEY_VALUES = {"S": ["a", "b", "ab", "é"], "N": ["1", "2", "-1", "1e1"], "B": BINARIES[:4]}


def key_value(choose, kind):
    """Few values, so that calls meet the same items; at times one that no key may have."""
    if choose.fault(12):
        return choose.weighted([(3, {kind: ""}), (2, {"BOOL": True}), (2, scalar(choose, choose.of("SNB"))), (1, wrong_value(choose)), (1, {"S": "k" * 2049})])
    return {kind: choose.of(KEY_VALUES[kind])}


def key(choose, table):
    """The key of an item; at times with a part missing or one too many."""
    made = {name: key_value(choose, kind) for name, kind in table.keys.items()}
    if choose.fault(10):
        made.pop(choose.of(list(made)))
    if choose.fault(8):
        made["extra"] = {"S": "a"}
    return made


def item(choose, table):
    made = key(choose, table)
    for name in choose.some(NAMES, 6):
        made[name] = wrong_value(choose) if choose.fault(8) else value_for(choose, name)
    return made
