"""Requests: every item operation with every parameter, mostly right, some changed into what no SDK would send."""

import copy

from . import values
from .expressions import Expressions
from .values import TABLE

LEGACY_COMPARISONS = ["EQ", "NE", "IN", "LE", "LT", "GE", "GT", "BETWEEN", "NOT_NULL", "NULL", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH"]
SELECTS = ["ALL_ATTRIBUTES", "COUNT", "SPECIFIC_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"]
RETURN_VALUES = ["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"]


class Generator:
    """Calls on one table. `features`: what may occur beside the plain: 'legacy', 'indexes', 'wrong'."""

    def __init__(self, choose, table, features=frozenset()):
        self.choose = choose
        self.table = table
        self.features = features
        self._old_style = False

    def call(self):
        """(operation, request)."""
        self.choose.allow_faults()
        self._old_style = "legacy" in self.features and self.choose.percent(35)
        operation, make = self.choose.weighted([
            (20, ("PutItem", self.put_item)), (10, ("GetItem", self.get_item)), (25, ("UpdateItem", self.update_item)),
            (8, ("DeleteItem", self.delete_item)), (16, ("Query", self.query)), (12, ("Scan", self.scan)),
            (4, ("BatchGetItem", self.batch_get_item)), (5, ("BatchWriteItem", self.batch_write_item)),
        ])  # fmt: skip
        request = make()
        if "wrong" in self.features and self.choose.fault(30):
            request = distorted(self.choose, request)
        return operation, request

    def _optional(self, request, chance, member, *options):
        if self.choose.percent(chance):
            request[member] = self.choose.of(options)

    def _reports(self, request, writes):
        self._optional(request, 25, "ReturnConsumedCapacity", "TOTAL", "INDEXES", "NONE")
        if writes:
            self._optional(request, 8, "ReturnItemCollectionMetrics", "SIZE", "NONE")

    def _legacy(self, chance):
        """Whether to use a parameter of before expressions: all of a request are, or none; a mixture is a fault."""
        old = self._old_style != ("legacy" in self.features and self.choose.fault(4))
        return old and self.choose.percent(chance)

    def _condition(self, request, expressions):
        if self._legacy(60):
            self._expected(request)
        elif not self._old_style and self.choose.percent(35):
            request["ConditionExpression"] = expressions.one(expressions.condition)
            self._optional(request, 30, "ReturnValuesOnConditionCheckFailure", "ALL_OLD", "NONE")

    # Writes

    def put_item(self):
        request = {"TableName": TABLE, "Item": values.item(self.choose, self.table)}
        expressions = Expressions(self.choose, self.table)
        self._condition(request, expressions)
        self._optional(request, 25, "ReturnValues", "ALL_OLD", "NONE", *(RETURN_VALUES if self.choose.fault(15) else ()))
        self._reports(request, True)
        expressions.finish(request)
        return request

    def delete_item(self):
        request = {"TableName": TABLE, "Key": values.key(self.choose, self.table)}
        expressions = Expressions(self.choose, self.table)
        self._condition(request, expressions)
        self._optional(request, 30, "ReturnValues", "ALL_OLD", "NONE", *(RETURN_VALUES if self.choose.fault(15) else ()))
        self._reports(request, True)
        expressions.finish(request)
        return request

    def update_item(self):
        request = {"TableName": TABLE, "Key": values.key(self.choose, self.table)}
        expressions = Expressions(self.choose, self.table)
        if self._legacy(90):
            request["AttributeUpdates"] = self._attribute_updates()
        elif not self._old_style and not self.choose.fault(5):
            request["UpdateExpression"] = expressions.one(expressions.update)
        self._condition(request, expressions)
        self._optional(request, 70, "ReturnValues", *RETURN_VALUES)
        self._reports(request, True)
        expressions.finish(request)
        return request

    # Reads

    def get_item(self):
        request = {"TableName": TABLE, "Key": values.key(self.choose, self.table)}
        expressions = Expressions(self.choose, self.table)
        self._projection(request, expressions, 50)
        self._optional(request, 40, "ConsistentRead", True, False)
        self._reports(request, False)
        expressions.finish(request)
        return request

    def _projection(self, request, expressions, chance):
        if self._legacy(chance):
            request["AttributesToGet"] = self.choose.some([*values.NAMES, *self.table.keys], 4) or ["s"]
            if self.choose.fault(15):
                request["AttributesToGet"] = self.choose.of([[], ["s", "s"], ["l[0]"]])
        elif not self._old_style and self.choose.percent(chance):
            request["ProjectionExpression"] = expressions.one(expressions.projection)

    def _page(self, request, expressions, keys):
        if not self._old_style and self.choose.percent(35):
            expressions.spares_keys = "KeyConditionExpression" in request
            request["FilterExpression"] = expressions.one(expressions.condition)
        self._projection(request, expressions, 25)
        projected = "ProjectionExpression" in request or "AttributesToGet" in request
        right = ["SPECIFIC_ATTRIBUTES"] if projected else ["ALL_ATTRIBUTES", "COUNT"] + (["ALL_PROJECTED_ATTRIBUTES"] if "IndexName" in request else [])
        self._optional(request, 25, "Select", *(right if not self.choose.fault(20) else SELECTS))
        self._optional(request, 25, "ConsistentRead", True, False)
        self._reports(request, False)

    def _index(self, request):
        """The keys that are read: of the table, or of an index that the request then names."""
        if self.table.indexes and self.choose.percent(60):
            index = self.choose.of(self.table.indexes)
            request["IndexName"] = index.name
            return index.keys
        if self.choose.fault(4):
            request["IndexName"] = self.choose.of(["missing", "a", ""])
        return self.table.keys

    def query(self):
        request = {"TableName": TABLE}
        keys = self._index(request)
        expressions = Expressions(self.choose, self.table)
        if self._legacy(100):
            request["KeyConditions"] = self._key_conditions(keys)
            if self.choose.percent(40):
                request["QueryFilter"] = self._filter(keys)
                self._operator(request, request["QueryFilter"])
        elif not self.choose.fault(5):
            request["KeyConditionExpression"] = expressions.one(expressions.key_condition, keys)
        self._page(request, expressions, keys)
        self._optional(request, 30, "Limit", 1, 2, 3, 100)
        if self.choose.fault(4):
            request["Limit"] = 0
        self._optional(request, 30, "ScanIndexForward", False, True)
        if self.choose.fault(10):
            self._start(request, keys)
        expressions.finish(request)
        return request

    def scan(self):
        request = {"TableName": TABLE}
        keys = self._index(request)
        expressions = Expressions(self.choose, self.table)
        if self._legacy(60):
            request["ScanFilter"] = self._filter({})
            self._operator(request, request["ScanFilter"])
        self._page(request, expressions, keys)
        self._optional(request, 5, "Limit", 100)
        if self.choose.percent(5):
            request.update(Segment=0, TotalSegments=1)
        if self.choose.fault(10):
            request.update(self.choose.of([{"Segment": 5}, {"TotalSegments": 2}, {"Segment": 2, "TotalSegments": 2}, {"Segment": -1, "TotalSegments": 0}]))
        # A random start is right, but what follows it depends on the server's hash: only wrong ones are compared.
        if self.choose.fault(8):
            self._start(request, keys)
            request["ExclusiveStartKey"]["extra"] = {"S": "a"}
        expressions.finish(request)
        return request

    def _start(self, request, keys):
        """A start key that is most likely outside of what is read. Those that servers gave are in pair.pages."""
        names = dict(self.table.keys) | dict(keys)
        request["ExclusiveStartKey"] = {name: {kind: self.choose.of(values.KEY_VALUES[kind])} for name, kind in names.items()}
        if self.choose.percent(20):
            request["ExclusiveStartKey"].pop(self.choose.of(list(names)))

    # Batches

    def batch_get_item(self):
        expressions = Expressions(self.choose, self.table)
        entry = {"Keys": [values.key(self.choose, self.table) for _ in range(self.choose.between(1, 4))]}
        self._projection(entry, expressions, 30)
        self._optional(entry, 30, "ConsistentRead", True, False)
        expressions.finish(entry)
        entry.pop("ExpressionAttributeValues", None)
        request = {"RequestItems": {TABLE: entry}}
        self._optional(request, 30, "ReturnConsumedCapacity", "TOTAL", "INDEXES", "NONE")
        return request

    def batch_write_item(self):
        writes = []
        for _ in range(self.choose.between(1, 4)):
            if self.choose.percent(65):
                writes.append({"PutRequest": {"Item": values.item(self.choose, self.table)}})
            else:
                writes.append({"DeleteRequest": {"Key": values.key(self.choose, self.table)}})
        if self.choose.fault(10):
            writes.append(self.choose.of([{}, {"PutRequest": {"Item": {}}, "DeleteRequest": {"Key": {}}}]))
        request = {"RequestItems": {TABLE: writes}}
        self._reports(request, True)
        return request

    # Parameters of before expressions

    def _legacy_condition(self, name):
        comparison = self.choose.of(LEGACY_COMPARISONS)
        if self.table.keys.get(name) == "N" and comparison == "BEGINS_WITH" and not self.choose.fault(20):
            comparison = "EQ"
        count = {"NULL": 0, "NOT_NULL": 0, "BETWEEN": 2, "IN": self.choose.between(1, 3)}.get(comparison, 1)
        if self.choose.fault(15):
            count = self.choose.below(4)
        listed = [self._legacy_value(name, comparison) for _ in range(count)]
        if comparison == "BETWEEN" and len(listed) == 2 and not self.choose.fault(15):
            listed[1] = listed[0]
        condition = {"ComparisonOperator": comparison}
        if listed or self.choose.percent(10):
            condition["AttributeValueList"] = listed
        return condition

    def _legacy_value(self, name, comparison):
        if self.choose.fault(8):
            return values.wrong_value(self.choose)
        if comparison in ("CONTAINS", "NOT_CONTAINS") and not self.choose.fault(10):
            kind = values.TYPES.get(name, "S")
            return values.scalar(self.choose, {"SS": "S", "NS": "N", "BS": "B"}.get(kind, kind if kind in "SNB" else "S"))
        if name in self.table.keys:
            return values.key_value(self.choose, self.table.keys[name])
        kind = values.TYPES.get(name, "S")
        allowed = {"BEGINS_WITH": "SB", "EQ": None, "NE": None}.get(comparison, "SNB")
        if allowed and kind not in allowed and not self.choose.fault(15):
            kind = allowed[0]
        return values.value(self.choose, kind)

    def _expected(self, request):
        expected = {}
        for name in self.choose.some([*values.TYPES, *self.table.keys], 3) or ["s"]:
            form = self.choose.below(4)
            if form == 0:
                expected[name] = {"Exists": False}
            elif form == 1:
                expected[name] = {"Value": self._legacy_value(name, "EQ")}
                self._optional(expected[name], 40, "Exists", True)
            else:
                expected[name] = self._legacy_condition(name)
            if self.choose.fault(10):
                expected[name]["Exists"] = self.choose.percent(50)
            if self.choose.fault(10):
                expected[name]["Value"] = {"S": "a"}
        request["Expected"] = expected
        self._operator(request, expected)

    def _operator(self, request, conditions):
        if len(conditions) > 1 or self.choose.fault(10):
            self._optional(request, 50, "ConditionalOperator", "AND", "OR")

    def _filter(self, spared):
        """Conditions on attributes; on those that a Query's key conditions name only as a fault."""
        keys = [name for name in self.table.keys if name not in spared or self.choose.fault(5)]
        names = self.choose.some([*values.TYPES, *keys], 2) or ["s"]
        return {name: self._legacy_condition(name) for name in names}

    def _key_conditions(self, keys):
        (partition, kind), *sort = keys.items()
        conditions = {partition: {"ComparisonOperator": "EQ", "AttributeValueList": [values.key_value(self.choose, kind)]}}
        if sort and self.choose.percent(60):
            name, kind = sort[0]
            comparison = self.choose.of(["EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN"])
            listed = [values.key_value(self.choose, kind) for _ in range(2 if comparison == "BETWEEN" else 1)]
            conditions[name] = {"ComparisonOperator": comparison, "AttributeValueList": listed}
        if self.choose.fault(15):
            conditions[self.choose.of(["s", partition])] = self._legacy_condition("s")
        return conditions

    def _attribute_updates(self):
        updates = {}
        for name in self.choose.some([*values.TYPES, "status", *(self.table.keys if self.choose.fault(10) else ())], 4) or ["s"]:
            # Always with an action: DynamoDB Local passes over an update without one, which is a PUT.
            action = self.choose.of(["PUT", "PUT", "ADD", "DELETE"])
            entry = {"Action": action}
            if action == "ADD" and values.TYPES.get(name) not in ("N", "SS", "NS", "BS", "L") and not self.choose.fault(15):
                entry["Action"] = "PUT"
            if action != "DELETE" or (values.TYPES.get(name) in ("SS", "NS", "BS") and self.choose.percent(70)) or self.choose.fault(10):
                entry["Value"] = self._legacy_value(name, "EQ")
            if self.choose.fault(10):
                entry.pop("Value", None)
            updates[name] = entry
        return updates


# What no SDK would send

ENUMERATIONS = {"ReturnValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "ReturnValuesOnConditionCheckFailure", "Select"}
JUNK = [None, "", "x", 0, -1, {}, []]
EXTRAS = [("ConditionExpression", "attribute_exists(pk)"), ("FilterExpression", "attribute_exists(s)"), ("Expected", {"s": {"Exists": False}}), ("AttributesToGet", ["s"]),
          ("ProjectionExpression", "s"), ("ConditionalOperator", "AND"), ("AttributeUpdates", {"s": {"Action": "DELETE"}}), ("Limit", 0), ("Limit", -1), ("Segment", 3),
          ("TotalSegments", 2), ("TotalSegments", 1000001), ("Select", "COUNT"), ("ExpressionAttributeNames", {}), ("ExpressionAttributeValues", {}),
          ("ExpressionAttributeNames", {"#a": "s"}), ("ExpressionAttributeValues", {":a": {"S": "x"}}), ("TableName", "missing"), ("TableName", "ab"), ("TableName", ""), ("TableName", "a b c"), ("TableName", "t" * 256), ("QueryFilter", {}), ("KeyConditions", {}),
          ("ScanFilter", {}), ("ExclusiveStartKey", {}), ("IndexName", "i"), ("IndexName", "missing")]  # fmt: skip


def distorted(choose, request):
    """The request with one change: something gone, of another type, out of range, or one parameter too many."""
    changed = copy.deepcopy(request)
    form = choose.below(3)
    if form == 0:
        name, extra = choose.of(EXTRAS)
        changed[name] = copy.deepcopy(extra)
    else:
        # What enumerations hold is test_model.py's to check: DynamoDB Local does not look at some of them.
        holder, at = choose.of([place for place in _places(changed, 3) if place[1] not in ENUMERATIONS])
        if form == 1:
            # Of the same JSON type, or nothing: DynamoDB Local answers an internal failure where a type is wrong.
            fitting = [junk for junk in JUNK if junk is None or type(junk) is type(holder[at])]
            holder[at] = copy.deepcopy(choose.of(fitting))
        else:
            del holder[at]
    return changed


def _places(node, depth):
    """(container, key) of everything down to `depth`."""
    for at in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, at
        if depth > 1 and isinstance(node[at], (dict, list)):
            yield from _places(node[at], depth - 1)
