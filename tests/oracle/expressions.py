"""Expressions as text with their placeholders: conditions, filters, key conditions, updates, projections. Mostly right."""

from . import values

COMPARATORS = ["=", "<>", "<", "<=", ">", ">="]
ATTRIBUTE_TYPES = ["S", "N", "B", "SS", "NS", "BS", "L", "M", "BOOL", "NULL"]
BROKEN = ["", " ", "a", "a =", "a = :v0 AND", "(a = :v0", "a == :v0", "a = 'x'", "SET", "NOT", "s[0", "s..t", ":v0", "#", "a, , b", "s = :v0 :v0",
          "((s = :v0))", "(s)", "foo(s)", "size(s)", "attribute_exists(:v0)", "contains(s)", "s IN ()", "s BETWEEN :v0", "status = :v0",
          "s = :v0 and not t = :v0 or (s <> :v0)", "begins_with(s, t, s)", "s = s", "list_append(l, l) = l", "SET s = :v0, s = :v0",
          "REMOVE s REMOVE t", "ADD s :v0", "DELETE ss :v0", "SET s = s + t", "SET s += :v0", "s[1.5]", "s[-1]", "s[99999999999]", "1s = :v0"]  # fmt: skip


# Where each of values.KEY_VALUES stands in the order of keys.
KEY_ORDER = {"S": [0, 2, 1, 3], "N": [1, 2, 0, 3], "B": [0, 1, 2, 3]}


class Expressions:
    """Makes the expressions of one request and collects the placeholders that they use."""

    def __init__(self, choose, table):
        self.choose = choose
        self.table = table
        self.names = {}
        self.values = {}
        self.spares_keys = False  # a Query's filter may not name what it queries
        self._used = set()

    # Placeholders

    def name(self, attribute):
        """The attribute in an expression: bare where that is allowed (and sometimes where not), or by placeholder."""
        plain = attribute.isascii() and attribute.isalnum() and attribute[0].isalpha() and attribute not in ("status", "name")
        if (not plain and not self.choose.fault(10)) or self.choose.percent(25):
            placeholder = f"#n{len(self.names)}"
            self.names[placeholder] = attribute
            return placeholder
        return attribute

    def literal(self, value):
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value
        return placeholder

    def literal_for(self, attribute):
        if self.choose.fault(8):
            return self.literal(values.wrong_value(self.choose))
        return self.literal(values.value_for(self.choose, attribute))

    def attribute(self):
        if self.choose.fault(5) if self.spares_keys else self.choose.percent(8):
            return self.choose.of(list(self.table.keys))
        return self.choose.weighted([(8, self.choose.of(list(values.TYPES))), (1, self.choose.of(values.AWKWARD_NAMES))])

    def path(self, attribute=None):
        attribute = attribute or self.attribute()
        text = self.name(attribute)
        if attribute == "l" or self._stray(attribute):
            for _ in range(self.choose.below(3)):
                text += f"[{self.choose.below(4)}]"
        if attribute == "m" or self._stray(attribute):
            for _ in range(self.choose.below(3)):
                text += "." + self.name(self.choose.of(["s", "n", "l", "m", "x"]))
        return text

    def _stray(self, attribute):
        """Whether to look below an attribute that is, as a rule, no list and no map. Below a key that is a fault."""
        return self.choose.fault(3) if attribute in self.table.keys else self.choose.percent(3)

    # Conditions

    def condition(self, depth=2):
        kind = self.choose.below(10) if depth > 0 else 0
        if kind == 7:
            return f"{self.condition(depth - 1)} {self.choose.of(['AND', 'OR', 'and', 'Or'])} {self.condition(depth - 1)}"
        if kind == 8:
            return f"NOT {self.condition(depth - 1)}"
        if kind == 9:
            inner = self.condition(depth - 1)
            return f"({inner})" if not inner.startswith("(") else inner
        return self.comparison()

    def operand(self, attribute):
        return self.choose.weighted([(12, self.literal_for), (1, lambda _: f"size({self.path()})")])(attribute)

    def other_path(self, than):
        """A path that is not the one given: to compare one with itself is refused. A literal where chance repeats it."""
        names = dict(self.names)
        path = self.path()
        if path != than and not (path.startswith("#") or than.startswith("#")):
            return path
        self.names = names
        return self.literal({"S": "a"})

    def ordered(self, attribute):
        """A literal that has an order, S, N or B: of any other type it is a fault."""
        if self.choose.fault(10):
            return self.literal(values.any_value(self.choose))
        kind = self.table.keys.get(attribute) or values.TYPES.get(attribute)
        return self.literal(values.scalar(self.choose, kind if kind in ("S", "N", "B") else self.choose.of("SNB")))

    def comparison(self):
        attribute = self.attribute()
        kind = self.choose.below(13)
        if kind <= 1:
            return f"{self.path(attribute)} {self.choose.of(['=', '<>'])} {self.operand(attribute)}"
        if kind <= 3:
            left = self.path(attribute)
            right = self.ordered(attribute) if self.choose.percent(80) else self.other_path(left)
            return f"{left} {self.choose.of(COMPARATORS)} {right}"
        if kind == 4:
            return f"attribute_exists({self.path(attribute)})"
        if kind == 5:
            return f"attribute_not_exists({self.path(attribute)})"
        if kind == 6:
            kinds = ATTRIBUTE_TYPES if not self.choose.fault(20) else ["X", "", "STRING"]
            return f"attribute_type({self.path(attribute)}, {self.literal({'S': self.choose.of(kinds)})})"
        if kind == 7:
            attribute = self.choose.of(["s", "b"])
            literal = self.literal(values.scalar(self.choose, values.TYPES[attribute])) if not self.choose.fault(10) else self.operand(attribute)
            return f"begins_with({self.path(attribute)}, {literal})"
        if kind == 8:
            return f"contains({self.path(attribute)}, {self.literal(self.contained(attribute))})"
        if kind == 9:
            return f"size({self.path(attribute)}) {self.choose.of(COMPARATORS)} {self.literal({'N': str(self.choose.below(5))})}"
        if kind == 10:
            return self._between(attribute)
        if kind == 11:
            several = ", ".join(self.operand(attribute) for _ in range(self.choose.between(1, 3)))
            return f"{self.path(attribute)} IN ({several})"
        return f"{self.ordered(attribute)} {self.choose.of(COMPARATORS)} {self.path(attribute)}"

    def _between(self, attribute):
        """Bounds of one type, the lower first, unless that is to be the fault."""
        if self.choose.fault(20):
            return f"{self.path(attribute)} BETWEEN {self.operand(attribute)} AND {self.operand(attribute)}"
        low, high = self.choose.of([({"S": "a"}, {"S": "b"}), ({"N": "0"}, {"N": "3"}), ({"B": "AA=="}, {"B": "YWI="}), ({"S": ""}, {"S": "z"})])
        return f"{self.path(attribute)} BETWEEN {self.literal(low)} AND {self.literal(high)}"

    def contained(self, attribute):
        kind = {"SS": "S", "NS": "N", "BS": "B"}.get(values.TYPES.get(attribute), None)
        return values.scalar(self.choose, kind or self.choose.of("SNB")) if not self.choose.percent(10) else values.any_value(self.choose)

    # Key conditions

    def key_condition(self, keys):
        """`keys`: {name: type} of what is queried."""
        (partition, kind), *sort = keys.items()
        parts = [f"{self.name(partition)} = {self.key_literal(kind)}"]
        if self.choose.fault(10):
            parts = [f"{self.name(partition)} {self.choose.of(['<', '<>', '>=', 'IN'])} {self.key_literal(kind)}"]
        if sort and self.choose.percent(60):
            parts.append(self.sort_condition(*sort[0]))
        if self.choose.fault(10):
            parts.append(self.comparison())
        if self.choose.percent(10):
            parts.reverse()
        joiner = " AND " if not self.choose.fault(8) else " OR "
        text = joiner.join(parts)
        return f"({text})" if self.choose.percent(5) else text

    def key_literal(self, kind):
        return self.literal(values.key_value(self.choose, kind))

    def sort_condition(self, name, kind):
        path = self.name(name)
        form = self.choose.below(4)
        if form == 0:
            bounds = sorted(self.choose.some(KEY_ORDER[kind], 2)) or [0, 0]
            low, high = (values.KEY_VALUES[kind][KEY_ORDER[kind].index(at)] for at in (bounds[0], bounds[-1]))
            if self.choose.fault(10):
                low, high = high, low
            return f"{path} BETWEEN {self.literal({kind: low})} AND {self.literal({kind: high})}"
        if form == 1 and (kind != "N" or self.choose.fault(20)):
            return f"begins_with({path}, {self.key_literal(kind)})"
        operator = self.choose.of(["=", "<", "<=", ">", ">="]) if not self.choose.fault(10) else "<>"
        return f"{path} {operator} {self.key_literal(kind)}"

    # Updates

    def update(self):
        sections = self.choose.some(["SET", "REMOVE", "ADD", "DELETE"], 3) or ["SET"]
        text = []
        for section in sections:
            actions = [getattr(self, "_" + section.lower())() for _ in range(self.choose.between(1, 2))]
            text.append(f"{section if not self.choose.percent(5) else section.lower()} {', '.join(actions)}")
        return " ".join(text)

    def updated(self, kinds=None):
        """An attribute to change: no key, and none that the expression changes already."""
        if self.choose.fault(10):
            return self.choose.of(list(self.table.keys))
        options = values.NAMES if not kinds or self.choose.fault(20) else kinds
        unused = [name for name in options if name not in self._used]
        if not unused or self.choose.fault(5):
            return self.choose.of(options)
        self._used.add(chosen := self.choose.of(unused))
        return chosen

    def _set(self):
        form = self.choose.below(8)
        if form == 0:
            attribute = self.updated(["n", "o"])
            return f"{self.path(attribute)} = {self.set_operand(attribute)} {self.choose.of('+-')} {self.set_operand(attribute)}"
        if form == 1:
            attribute = self.updated(["l"])
            return f"{self.path(attribute)} = list_append({self.set_operand('l')}, {self.set_operand('l')})"
        attribute = self.updated()
        target = self.path(attribute)
        if form == 2:
            path = self.path()
            return f"{target} = if_not_exists({path}, {self.other_path(path) if self.choose.percent(40) else self.literal_for(attribute)})"
        if form == 3:
            return f"{target} = {self.path()}"
        return f"{target} = {self.literal_for(attribute)}"

    def set_operand(self, attribute):
        literal = self.literal_for if self.choose.fault(10) else lambda name: self.literal(values.value(self.choose, values.TYPES.get(name, "S")))
        form = self.choose.below(6)
        if form <= 2:
            return literal(attribute)
        if form == 3:
            return f"if_not_exists({self.path(attribute)}, {literal(attribute)})"
        return self.path(attribute)

    def _remove(self):
        return self.path(self.updated())

    def _add(self):
        return self._changed_by_literal(["n", "o", "ss", "ns", "bs"])

    def _delete(self):
        return self._changed_by_literal(["ss", "ns", "bs"])

    def _changed_by_literal(self, kinds):
        attribute = self.updated(kinds)
        kind = values.TYPES[attribute if attribute in kinds else kinds[0]]
        literal = self.literal_for(attribute) if self.choose.fault(10) else self.literal(values.value(self.choose, kind))
        return f"{self.path(attribute)} {literal}"

    # Projections

    def projection(self):
        attributes = self.choose.some([*values.NAMES, *self.table.keys], 3) or ["s"]
        if self.choose.fault(5):
            attributes.append(attributes[0])
        return ", ".join(map(self.path, attributes))

    def broken(self):
        """Text that is refused, or means something else than its neighbours."""
        text = self.choose.of(BROKEN)
        if ":v0" in text and ":v0" not in self.values:
            self.values[":v0"] = values.any_value(self.choose)
        return text

    def one(self, make, *arguments):
        return self.broken() if self.choose.fault(12) else make(*arguments)

    def finish(self, request):
        """Adds the placeholders; now and then one that is not used, or not one that is."""
        if self.choose.fault(8) and self.values:
            self.values.pop(self.choose.of(list(self.values)))
        if self.choose.fault(8) and self.names:
            self.names.pop(self.choose.of(list(self.names)))
        if self.choose.fault(6):
            self.names["#unused"] = "s"
        if self.choose.fault(6):
            self.values[":unused"] = {"S": "a"}
        if self.choose.fault(6):
            self.values[self.choose.of(["v", ":", ":a-b", "#v"])] = {"S": "a"}
        if self.choose.fault(6):
            self.names[self.choose.of(["n", "#", "#a-b", ":n"])] = "s"
        if self.names or self.choose.fault(6):
            request["ExpressionAttributeNames"] = self.names
        if self.values or self.choose.fault(6):
            request["ExpressionAttributeValues"] = self.values
