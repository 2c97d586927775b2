"""The differences that are known: tests/clients/known_differences.toml, and which of them a pair of answers matches."""

import dataclasses
import json
import pathlib
import re
import tomllib

from . import compare

FILE = pathlib.Path(__file__).resolve().parents[1] / "clients/known_differences.toml"
WRAPPER = re.compile(r"ExpressionAttributeValues contains invalid value: (.*?)\.? for key :\w+", re.S)

# Families of answers, for differences of order: of two mistakes in a request each server tells the one that it looks at first.
FAMILIES = {
    # An expression, its placeholders, or a parameter that does not go with another.
    "expression": re.compile(
        r"Invalid (Update|Condition|Projection|Filter|KeyCondition)Expression: |Expression(AttributeNames|AttributeValues) "
        r"|Value provided in ExpressionAttribute"
    ),
    # Placeholders alone: there without an expression, or without a use.
    "placeholder": re.compile(r"ExpressionAttribute(Names|Values) |Value provided in ExpressionAttribute"),
    # A value that no attribute may have.
    "value": re.compile(r"The parameter cannot be converted|Supplied AttributeValue|Attempting to store|Number (over|under)flow|Input collection"
                        r"|One or more parameter values were invalid: (Input collection|An (string|number) set|Binary sets|Null attribute)"
                        r"|One or more parameter values are not valid"),  # fmt: skip
    # An action of AttributeUpdates.
    "update": re.compile(r"One or more parameter values were invalid: (ADD action|DELETE action|Only DELETE|Cannot update)"),
    # A member's presence, length, range or enumeration.
    "constraint": re.compile(r"\d+ validation errors? detected: "),
    # A parameter of before expressions, and what goes with it.
    "legacy": re.compile(r"One or more parameter values were invalid: (Invalid number of argument|ComparisonOperator|AttributeValues inside|Duplicate value in"
                         r"|Value |AttributeValueList|Exists)|ConditionalOperator|The BETWEEN condition|Conditions can be of length"),
    # Segments and Select, which need no table.
    "page": re.compile(r"The (Total)?Segments? parameter|(\d+ validation error detected: )?(Must specify|Cannot specify|ALL_PROJECTED_ATTRIBUTES can)"),
    # A key against the table's key schema.
    "key": re.compile(r"The number of conditions on the keys|One of the required keys|Invalid attribute value type|Hash primary key values|The provided key element"
                      r"|One or more parameter values were invalid: (Type mismatch for key|Missing the key|Size of hashkey|Aggregated size)"),
    # A key condition against the keys that are read.
    "condition": re.compile(r"Query (key )?condition|Attempted conditional constraint|Conditions can be of length"
                            r"|One or more parameter values were invalid: (Condition parameter type|Size of hashkey|Aggregated size)"),
    # What an index has and does not have.
    "index": re.compile(r"Consistent read|Key attributes must be scalars|(QueryFilter|Filter Expression) can only contain|.*secondary index key"
                        r"|One or more parameter values were invalid: (Global secondary index|Secondary index|Select type|Type mismatch for Index Key|Size limit exceeded)"),
    # The keys of a batch among themselves.
    "batch": re.compile(r"Provided list of item keys contains duplicates|The list of keys in RequestItems|The batch write request list"),
    # A start key.
    "start": re.compile(r"The provided starting key|Exclusive Start Key|The query can return at most one row"),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Known:
    """One operation, one request shape: what Stator answers and what DynamoDB Local does. Texts are masked (compare.masked)."""

    operation: str
    shape: str
    ours: str
    local: str
    only: str | None
    why: str
    source: str
    rare: bool = False

    def matches(self, operation, request, ours, local):
        """`ours` and `local` as compare.normal gives them."""
        if operation != self.operation:
            return False
        if isinstance(ours, list) and isinstance(local, list):
            left, right = _texts(ours, local)
            return _fits(self.local, local[1], right) and _fits(self.ours, ours[1], left)
        if isinstance(ours, list):
            return self.local == "accepted" and _fits(self.ours, ours[1], compare.masked(ours[2]))
        if isinstance(local, list):
            return self.ours == "accepted" and _fits(self.local, local[1], compare.masked(local[2]))
        return self.only is not None and DIFFERENCES[self.only](request, ours, local)


def _texts(ours, local):
    """Both messages masked, without what wraps the error of an expression's value: the difference is in what is wrapped."""
    left, right = WRAPPER.fullmatch(ours[2]), WRAPPER.fullmatch(local[2])
    if left and right:
        return compare.masked(left[1]), compare.masked(right[1]).removesuffix(".")
    return compare.masked(ours[2]), compare.masked(local[2])


def _fits(expected, error, text):
    if expected.startswith("<"):
        return FAMILIES[expected.strip("<>")].match(text) is not None
    name, _, message = expected.rpartition(" | ")
    return error == (name or "ValidationException") and text.removesuffix(".") == message.removesuffix(".")


def _without(body, *members):
    return {name: value for name, value in body.items() if name not in members}


def _units(body):
    """The capacity units of an answer, of one table or of several."""
    capacity = body.get("ConsumedCapacity", {})
    entries = capacity if isinstance(capacity, list) else [capacity]
    return [entry.get("CapacityUnits") for entry in entries]


def _capacity_only(ours, local):
    return _without(ours, "ConsumedCapacity") == _without(local, "ConsumedCapacity")


def _nothing_read(request, ours, local):
    """An answer without an item read: half a unit or one, where DynamoDB Local counts none."""
    least = 1.0 if request.get("ConsistentRead") else 0.5
    return _capacity_only(ours, local) and ours.get("ScannedCount") == 0 and _units(local) == [0.0] and _units(ours) == [least]


def _missing_keys_read(request, ours, local):
    """A batch that asked for keys that are not there: each costs what the smallest item costs."""
    return _capacity_only(ours, local) and len(_units(ours)) == len(_units(local)) and all(
        mine > other for mine, other in zip(_units(ours), _units(local)))  # fmt: skip


def _missing_deleted(request, ours, local):
    """A batch that deletes what is not there: one unit each, where DynamoDB Local counts two."""
    deletes = sum("DeleteRequest" in write for writes in request["RequestItems"].values() for write in writes)
    return _capacity_only(ours, local) and len(_units(ours)) == len(_units(local)) == 1 and 0 < _units(local)[0] - _units(ours)[0] <= deletes


def _capacity_not_asked_for(request, ours, local):
    return "ConsumedCapacity" not in ours and request.get("ReturnConsumedCapacity") in (None, "NONE") and _without(local, "ConsumedCapacity") == ours


def _stopped_at_limit(request, ours, local):
    """The page ends at its Limit with the last item: there is a LastEvaluatedKey even so."""
    return ours.get("ScannedCount") == request.get("Limit") and "LastEvaluatedKey" not in local and _without(ours, "LastEvaluatedKey") == local


def _elements(request, ours, local):
    """Updated elements of lists alone, where DynamoDB Local returns the lists that they are in."""
    return request.get("ReturnValues") in ("UPDATED_NEW", "UPDATED_OLD") and _within(ours, local) and "[" in request.get("UpdateExpression", "")


def _neighbours(request, ours, local):
    """Updated members of maps alone, where DynamoDB Local returns what else is in the map."""
    left, right = ours.get("Attributes", {}), local.get("Attributes", {})
    return request.get("ReturnValues") in ("UPDATED_NEW", "UPDATED_OLD") and left.keys() == right.keys() and _part_of(ours, local)


def _part_of(ours, local):
    if isinstance(ours, dict) and isinstance(local, dict):
        return ours.keys() <= local.keys() and all(_part_of(ours[name], local[name]) for name in ours)
    return ours == local


def _within(ours, local):
    if isinstance(ours, dict) and isinstance(local, dict):
        return ours.keys() == local.keys() and all(_within(ours[name], local[name]) for name in ours)
    if isinstance(ours, list) and isinstance(local, list):
        rest = iter(local)
        return all(any(_within(mine, other) for other in rest) for mine in ours)
    return ours == local


def only_removes(request):
    """Whether an UpdateItem has nothing but REMOVE and DELETE: of an item that is not there it makes none."""
    if request.get("AttributeUpdates"):
        return all((update or {}).get("Action") == "DELETE" for update in request["AttributeUpdates"].values())
    return bool(re.match(r"\s*(REMOVE|DELETE)\b", request.get("UpdateExpression") or "", re.I)) and not re.search(
        r"\b(SET|ADD)\b", request["UpdateExpression"], re.I)  # fmt: skip


def _made_by_removing(request, ours, local):
    """The item that DynamoDB Local makes of its key alone, shown by ALL_NEW."""
    return only_removes(request) and "Attributes" not in ours and _capacity_only(
        _without(ours, "ItemCollectionMetrics"), _without(local, "Attributes"))  # fmt: skip


def _no_metrics(request, ours, local):
    """ItemCollectionMetrics, which DynamoDB Local never returns."""
    kept = _without(ours, "ItemCollectionMetrics")
    return "ItemCollectionMetrics" in ours and (kept == local or (
        request.get("ReturnConsumedCapacity") in (None, "NONE") and kept == _without(local, "ConsumedCapacity")))  # fmt: skip


def _index_throughput(request, ours, local):
    """The zeros that a global index has on demand, which DynamoDB Local leaves out."""
    copy = json.loads(json.dumps(ours))
    for described in copy.values():
        for index in described.get("GlobalSecondaryIndexes", []) if isinstance(described, dict) else []:
            if index.get("ProvisionedThroughput", {}).get("ReadCapacityUnits") == 0:
                del index["ProvisionedThroughput"]
                index.pop("ItemCount", None)
    for described in (right := json.loads(json.dumps(local))).values():
        for index in described.get("GlobalSecondaryIndexes", []) if isinstance(described, dict) else []:
            if "ProvisionedThroughput" not in index:
                index.pop("ItemCount", None)
    return copy != ours and copy == right


def _before_the_change(request, ours, local):
    """An UpdateTable's answer: throughput and definitions from before the change. DynamoDB Local has done it all, and knows no protection."""
    if "TableDescription" not in ours or "KeySchema" in request or "ProvisionedThroughput" not in local.get("TableDescription", {}):
        return False
    return _settled(ours) == _settled(local)


def _settled(answer):
    """Without what an UpdateTable changes or may be late to show."""
    described = _without(answer["TableDescription"], "ProvisionedThroughput", "BillingModeSummary", "DeletionProtectionEnabled", "AttributeDefinitions")
    indexes = described.pop("GlobalSecondaryIndexes", [])
    return described, [_without(index, "ProvisionedThroughput", "ItemCount") for index in indexes]


def _forgotten(request, ours, local):
    """A DescribeTable after an UpdateTable: protection that DynamoDB Local forgot, throughput that an index keeps on demand."""
    left, right = ours.get("Table", {}), local.get("Table", {})
    mine, other = left.get("GlobalSecondaryIndexes", []), right.get("GlobalSecondaryIndexes", [])
    on_demand = left.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST"
    if on_demand:
        mine, other = ([_without(index, "ProvisionedThroughput", "ItemCount") for index in indexes] for indexes in (mine, other))
    forgot = ("DeletionProtectionEnabled", "GlobalSecondaryIndexes")
    return mine == other and _without(left, *forgot) == _without(right, *forgot)


def _deleted(request, ours, local):
    """The keys and indexes of a table that is being deleted: the service does not show them any more."""
    shown = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
    left, right = ours.get("TableDescription", {}), local.get("TableDescription", {})
    return "KeySchema" not in left and "KeySchema" in right and _without(left, *shown, "TableClassSummary", "ProvisionedThroughput") == _without(
        right, *shown, "TableClassSummary", "ProvisionedThroughput")  # fmt: skip


def _fetches(request, ours, local):
    """A Scan of a local index that fetches from the table what the index does not have: the fetches count for the table."""
    more = all(mine > other for mine, other in zip(_units(ours), _units(local)))
    return "IndexName" in request and "ProjectionExpression" in request and _capacity_only(ours, local) and more


# Of answers that both accept: what may differ, and when.
DIFFERENCES = {
    "capacity of nothing read": _nothing_read,
    "capacity of missing keys": _missing_keys_read,
    "capacity of deletes of what is missing": _missing_deleted,
    "capacity that was not asked for": _capacity_not_asked_for,
    "LastEvaluatedKey at the limit": _stopped_at_limit,
    "elements of lists": _elements,
    "neighbours in maps": _neighbours,
    "an item made by removing": _made_by_removing,
    "item collection metrics": _no_metrics,
    "fetches of a scanned local index": _fetches,
    "what an update forgets": _forgotten,
    "description of a deleted table": _deleted,
    "description from before the change": _before_the_change,
    "throughput of indexes on demand": _index_throughput,
}


def load(path=FILE):
    """Every known difference: a [[rule]] stands for one an operation that it lists and one a text of ours that it lists."""
    found = []
    for rule in tomllib.loads(path.read_text())["rule"]:
        for operation in rule["operations"]:
            for ours in rule.get("ours", ["accepted"]):
                found.append(Known(operation, rule["shape"], ours, rule.get("local", "accepted"), rule.get("only"), rule["why"], rule["source"],
                                   rule.get("rare", False)))  # fmt: skip
    return found


def find(known, operation, request, ours, local):
    """The first that matches, or None."""
    return next((one for one in known if one.matches(operation, request, ours, local)), None)
