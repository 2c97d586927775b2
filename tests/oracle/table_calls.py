"""Requests on tables: CreateTable, UpdateTable, DescribeTable, DeleteTable, time to live. Each right, or with one fault."""

import copy

from .values import TABLE

KINDS = ["S", "N", "B"]


def _key(name, kind="HASH"):
    return {"AttributeName": name, "KeyType": kind}


def _definition(name, kind):
    return {"AttributeName": name, "AttributeType": kind}


# By name: DynamoDB Local deletes for ever where another index has the same keys (it sends SQLite an index's name unquoted).
GLOBAL_KEYS = {
    "global0": [_key("g")], "global1": [_key("g"), _key("pk", "RANGE")], "made": [_key("pk"), _key("g", "RANGE")],
}  # fmt: skip


class TableGenerator:
    """Calls that make, change, show and remove the one table."""

    def __init__(self, choose):
        self.choose = choose

    def call(self):
        self.choose.allow_faults()
        return self.choose.weighted([
            (40, self.create), (30, self.update), (8, self.describe), (8, self.delete), (8, self.time_to_live), (3, self.describe_time_to_live), (3, self.list),
        ])()  # fmt: skip

    def create(self):
        choose = self.choose
        request = {"TableName": TABLE, "KeySchema": [_key("pk")], "AttributeDefinitions": [_definition("pk", choose.of(KINDS))]}
        if choose.percent(60):
            request["KeySchema"].append(_key("sk", "RANGE"))
            request["AttributeDefinitions"].append(_definition("sk", choose.of(KINDS)))
        self._billing(request)
        if choose.percent(30) and len(request["KeySchema"]) == 2:
            request["LocalSecondaryIndexes"] = [self._local_index(number) for number in range(choose.between(1, 2))]
            request["AttributeDefinitions"].append(_definition("a", choose.of(KINDS)))
        if choose.percent(35):
            request["GlobalSecondaryIndexes"] = [self._global_index(request, name) for name in ["global0", "global1"][: choose.between(1, 2)]]
            request["AttributeDefinitions"].append(_definition("g", choose.of(KINDS)))
        if choose.percent(8):
            request["DeletionProtectionEnabled"] = False
        if choose.percent(8):
            request["TableClass"] = choose.of(["STANDARD", "STANDARD_INFREQUENT_ACCESS"])
        if choose.percent(8):
            request["StreamSpecification"] = {"StreamEnabled": False}
        if choose.fault(75):
            request = self._wrong_table(request)
        return "CreateTable", request

    def _billing(self, request):
        if self.choose.percent(50):
            request["BillingMode"] = "PAY_PER_REQUEST"
        else:
            request["ProvisionedThroughput"] = self._throughput()
            if self.choose.percent(50):
                request["BillingMode"] = "PROVISIONED"

    def _throughput(self):
        return {"ReadCapacityUnits": self.choose.of([1, 5, 100]), "WriteCapacityUnits": self.choose.of([1, 5, 100])}

    def _projection(self):
        kind = self.choose.of(["ALL", "KEYS_ONLY", "INCLUDE"])
        return {"ProjectionType": kind} | ({"NonKeyAttributes": self.choose.of([["x"], ["x", "y"]])} if kind == "INCLUDE" else {})

    def _local_index(self, number):
        return {"IndexName": f"local{number}", "KeySchema": [_key("pk"), _key("a", "RANGE")], "Projection": self._projection()}

    def _global_index(self, request, name):
        index = {"IndexName": name, "KeySchema": copy.deepcopy(GLOBAL_KEYS[name]), "Projection": self._projection()}
        if "ProvisionedThroughput" in request:
            index["ProvisionedThroughput"] = self._throughput()
        return index

    def _wrong_table(self, right):
        """The request with one thing wrong."""
        request = copy.deepcopy(right)
        choose = self.choose
        wrong = choose.of(FAULTS)
        wrong(choose, request)
        return request

    def update(self):
        request = {"TableName": TABLE}
        change = self.choose.below(7)
        if change == 0:
            request["ProvisionedThroughput"] = self._throughput()
        elif change == 1:
            self._billing(request)
        elif change == 2:
            index = self._global_index(request, self.choose.of(["global0", "made"]))
            if self.choose.percent(40):
                index["ProvisionedThroughput"] = self._throughput()
            request["GlobalSecondaryIndexUpdates"] = [{"Create": index}]
            if not self.choose.fault(20):
                request["AttributeDefinitions"] = [_definition("g", "S"), _definition("pk", "S")][: len(index["KeySchema"])]
        elif change == 3:
            request["GlobalSecondaryIndexUpdates"] = [{"Delete": {"IndexName": self.choose.of(["global0", "global1", "made", "missing"])}}]
        elif change == 4:
            update = {"IndexName": self.choose.of(["global0", "missing"]), "ProvisionedThroughput": self._throughput()}
            request["GlobalSecondaryIndexUpdates"] = [{"Update": update}]
        elif change == 5:
            request["DeletionProtectionEnabled"] = self.choose.of([True, False])
        else:
            request["TableClass"] = self.choose.of(["STANDARD", "STANDARD_INFREQUENT_ACCESS"])
        if self.choose.fault(30):
            self.choose.of(UPDATE_FAULTS)(self.choose, request)
        return "UpdateTable", request

    def _name(self):
        return {"TableName": TABLE if not self.choose.fault(30) else self.choose.of(["missing", "ab", "", "a b c", "t" * 256])}

    def describe(self):
        return "DescribeTable", self._name()

    def delete(self):
        return "DeleteTable", self._name()

    def describe_time_to_live(self):
        return "DescribeTimeToLive", self._name()

    def time_to_live(self):
        specification = {"AttributeName": self.choose.of(["ttl", "other"]), "Enabled": self.choose.of([True, False])}
        if self.choose.fault(30):
            specification = self.choose.of([{}, {"Enabled": True}, {"AttributeName": "", "Enabled": True}, {"AttributeName": "ttl"}])
        return "UpdateTimeToLive", self._name() | {"TimeToLiveSpecification": specification}

    def list(self):
        request = {}
        if self.choose.fault(60):
            request = self.choose.of([{"Limit": 0}, {"Limit": 101}, {"ExclusiveStartTableName": "ab"}, {"ExclusiveStartTableName": "a b c"}])
        return "ListTables", request


def _set(path, value):
    """A fault that puts a value at a path, where the path is there."""

    def change(choose, request):
        holder = request
        for step in path[:-1]:
            if isinstance(holder, dict) and step not in holder or isinstance(holder, list) and step >= len(holder):
                return
            holder = holder[step]
        if value is None:
            holder.pop(path[-1]) if isinstance(holder, dict) and path[-1] in holder else None
        else:
            holder[path[-1]] = copy.deepcopy(value)

    return change


def _append(name, value):
    return lambda choose, request: request.setdefault(name, []).append(copy.deepcopy(value))


def _index(name, **changes):
    made = {"IndexName": name, "KeySchema": [_key("pk")], "Projection": {"ProjectionType": "ALL"}}
    made.update(changes)
    return {member: value for member, value in made.items() if value is not None}


FAULTS = [
    _set(["TableName"], None), _set(["TableName"], "ab"), _set(["TableName"], "a b c"), _set(["TableName"], "t" * 256), _set(["TableName"], ""),
    _set(["KeySchema"], None), _set(["KeySchema"], []), _set(["AttributeDefinitions"], None), _set(["AttributeDefinitions"], []),
    _set(["KeySchema", 0, "KeyType"], "RANGE"), _set(["KeySchema", 0, "KeyType"], "X"), _set(["KeySchema", 1, "KeyType"], "HASH"),
    _set(["KeySchema", 1, "AttributeName"], "pk"), _set(["KeySchema", 0, "AttributeName"], "missing"), _set(["KeySchema", 0, "AttributeName"], ""),
    _append("KeySchema", _key("third", "RANGE")), _append("AttributeDefinitions", _definition("unused", "S")),
    _append("AttributeDefinitions", _definition("pk", "S")), _set(["AttributeDefinitions", 0, "AttributeType"], "BOOL"),
    _set(["AttributeDefinitions", 0, "AttributeType"], None), _set(["AttributeDefinitions", 0, "AttributeName"], "k" * 256),
    _set(["BillingMode"], None), _set(["BillingMode"], "FREE"), _set(["BillingMode"], "PROVISIONED"), _set(["BillingMode"], "PAY_PER_REQUEST"),
    _set(["ProvisionedThroughput"], None), _set(["ProvisionedThroughput"], {"ReadCapacityUnits": 1}),
    _set(["ProvisionedThroughput"], {"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}), _set(["ProvisionedThroughput"], {"ReadCapacityUnits": 1, "WriteCapacityUnits": -1}),
    _set(["ProvisionedThroughput"], {"ReadCapacityUnits": 1000000000001, "WriteCapacityUnits": 1}),
    _set(["ProvisionedThroughput"], {"ReadCapacityUnits": 1, "WriteCapacityUnits": 9000000000000000000}),
    _set(["LocalSecondaryIndexes"], []), _set(["GlobalSecondaryIndexes"], []),
    _set(["LocalSecondaryIndexes", 0, "IndexName"], "a"), _set(["LocalSecondaryIndexes", 0, "IndexName"], "local1"), _set(["LocalSecondaryIndexes", 0, "KeySchema"], []),
    _set(["LocalSecondaryIndexes", 0, "KeySchema"], [_key("pk")]), _set(["LocalSecondaryIndexes", 0, "KeySchema"], [_key("a"), _key("pk", "RANGE")]),
    _set(["LocalSecondaryIndexes", 0, "KeySchema"], [_key("pk"), _key("missing", "RANGE")]), _set(["LocalSecondaryIndexes", 0, "KeySchema"], [_key("a", "RANGE"), _key("pk")]),
    _set(["LocalSecondaryIndexes", 0, "Projection"], None), _set(["LocalSecondaryIndexes", 0, "Projection"], {}),
    _set(["LocalSecondaryIndexes", 0, "Projection"], {"ProjectionType": "ALL", "NonKeyAttributes": ["x"]}),
    _set(["LocalSecondaryIndexes", 0, "Projection"], {"ProjectionType": "INCLUDE"}), _set(["LocalSecondaryIndexes", 0, "Projection"], {"ProjectionType": "SOME"}),
    _set(["LocalSecondaryIndexes", 0, "Projection"], {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "x"]}),
    _set(["LocalSecondaryIndexes", 0, "Projection"], {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["pk"]}),
    _set(["LocalSecondaryIndexes", 0, "Projection"], {"ProjectionType": "INCLUDE", "NonKeyAttributes": []}),
    _set(["LocalSecondaryIndexes"], [_index(f"many{n}", KeySchema=[_key("pk"), _key("a", "RANGE")]) for n in range(6)]),
    _append("LocalSecondaryIndexes", _index("lonely", KeySchema=[_key("pk"), _key("sk", "RANGE")])),
    _set(["GlobalSecondaryIndexes", 0, "IndexName"], "a b"), _append("GlobalSecondaryIndexes", _index("global0", KeySchema=[_key("g")])), _set(["GlobalSecondaryIndexes", 0, "IndexName"], "local0"),
    _set(["GlobalSecondaryIndexes", 0, "KeySchema"], []), _set(["GlobalSecondaryIndexes", 0, "KeySchema"], [_key("g", "RANGE")]),
    _set(["GlobalSecondaryIndexes", 0, "KeySchema"], [_key("g"), _key("g", "RANGE")]), _set(["GlobalSecondaryIndexes", 0, "KeySchema"], [_key("missing")]),
    _set(["GlobalSecondaryIndexes", 0, "KeySchema"], None), _set(["GlobalSecondaryIndexes", 0, "Projection"], None), _set(["GlobalSecondaryIndexes", 0, "Projection"], {}),
    _set(["GlobalSecondaryIndexes", 0, "Projection"], {"ProjectionType": "KEYS_ONLY", "NonKeyAttributes": ["x"]}),
    _set(["GlobalSecondaryIndexes", 0, "Projection"], {"ProjectionType": "INCLUDE"}), _set(["GlobalSecondaryIndexes", 0, "Projection"], {"NonKeyAttributes": ["x"]}),
    _set(["GlobalSecondaryIndexes", 0, "ProvisionedThroughput"], None), _set(["GlobalSecondaryIndexes", 0, "ProvisionedThroughput"], {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}),
    _set(["GlobalSecondaryIndexes", 0, "ProvisionedThroughput"], {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}),
    _set(["GlobalSecondaryIndexes"], [_index(f"many{n}") for n in range(21)]), _append("GlobalSecondaryIndexes", _index("lonely", KeySchema=[_key("lonely")])),
    _set(["StreamSpecification"], {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}), _set(["StreamSpecification"], {"StreamEnabled": True}), _set(["StreamSpecification"], {}),
    _set(["TableClass"], "GOLD"), _set(["SSESpecification"], {"Enabled": False}), _set(["Tags"], [{"Key": "", "Value": "v"}]), _set(["Tags"], [{"Key": "k"}]),
]  # fmt: skip

UPDATE_FAULTS = [
    _set(["TableName"], "missing"), _set(["TableName"], "ab"), _set(["TableName"], None), _set(["ProvisionedThroughput"], {"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}),
    _set(["ProvisionedThroughput"], {}), _set(["BillingMode"], "PAY_PER_REQUEST"), _set(["BillingMode"], "FREE"), _set(["GlobalSecondaryIndexUpdates"], []),
    _set(["GlobalSecondaryIndexUpdates"], [{}]), _set(["GlobalSecondaryIndexUpdates"], [{"Delete": {"IndexName": "a"}}]), _set(["GlobalSecondaryIndexUpdates"], [{"Delete": {}}]),
    _set(["GlobalSecondaryIndexUpdates"], [{"Delete": {"IndexName": "global0"}}, {"Delete": {"IndexName": "global0"}}]),
    _set(["GlobalSecondaryIndexUpdates"], [{"Delete": {"IndexName": "global0"}}, {"Delete": {"IndexName": "global1"}}]),
    _set(["GlobalSecondaryIndexUpdates"], [{"Create": {"IndexName": "new"}}]), _set(["GlobalSecondaryIndexUpdates"], [{"Create": _index("new", KeySchema=[_key("undefined")])}]),
    _set(["GlobalSecondaryIndexUpdates"], [{"Create": _index("new"), "Delete": {"IndexName": "global0"}}]), _set(["AttributeDefinitions"], [_definition("unused", "S")]),
    _set(["StreamSpecification"], {"StreamEnabled": False}), _set(["StreamSpecification"], {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"}), _set(["TableClass"], "GOLD"),
]  # fmt: skip
