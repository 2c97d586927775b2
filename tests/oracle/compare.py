"""Answers in a form in which two servers' can be compared: what carries no meaning is put in order or left out."""

import decimal
import json
import re

# What two servers cannot share: dates, identifiers, the account and region of an ARN, how soon a table is there. And what DynamoDB
# Local does not know, or not everywhere.
PRIVATE = {
    "CreationDateTime", "TableId", "TableArn", "IndexArn", "LastUpdateToPayPerRequestDateTime", "LastIncreaseDateTime", "LastDecreaseDateTime",
    "TableStatus", "IndexStatus", "WarmThroughput", "TableClassSummary", "NumberOfDecreasesToday", "IndexSizeBytes", "OnDemandThroughput",
}  # fmt: skip
# Operations for most of whose errors DynamoDB Local has words of its own: of these only the error's name is compared.
OWN_WORDS = {"CreateTable", "UpdateTable", "DeleteTable", "DescribeTable", "UpdateTimeToLive", "DescribeTimeToLive", "ListTables"}
SETS = {"SS", "NS", "BS"}
UNORDERED = {"AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "NonKeyAttributes"}


def normal(operation, request, answer):
    """[status, error, message] of an error; the body, put in order, of a success."""
    if answer.status != 200:
        return [answer.status, answer.error, _message(answer.message) if operation not in OWN_WORDS else ""]
    return _ordered(_unordered_pages(operation, request, answer.body))


def _message(text):
    """The violations of a grouped message, and unused placeholders, come in an order that nobody promises."""
    text = re.sub(r"(unused in expressions: keys: \{)([^}]*)", lambda keys: keys[1] + ", ".join(sorted(keys[2].split(", "))), text)
    found = re.fullmatch(r"(\d+ validation errors? detected: )(.*)", text, re.S)
    if not found:
        return text
    return found[1] + "; ".join(sorted(re.split(r"; (?=Value )", found[2])))


def _unordered_pages(operation, request, body):
    """A Scan's order is the partition's hash, a batch's is free: their items are compared as sets."""
    body = json.loads(json.dumps(body))
    if operation == "Scan" and request.get("TotalSegments", 1) > 1:
        return {}  # which items are in a segment is the hash's decision too
    if operation == "Scan" and "Items" in body:
        body["Items"].sort(key=_text)
    if operation == "BatchGetItem":
        for items in body.get("Responses", {}).values():
            items.sort(key=_text)
    return body


def _ordered(node, name=None):
    if isinstance(node, dict):
        return {key: _ordered(value, key) for key, value in sorted(node.items()) if key not in PRIVATE}
    if name == "N" and isinstance(node, str):
        return canonical(node)
    if isinstance(node, list):
        made = [canonical(value) if name == "NS" else _ordered(value) for value in node]
        return sorted(made, key=_text) if name in SETS or name in UNORDERED else made
    return node


def canonical(number):
    """A number as the service writes it. DynamoDB Local repeats a nested or updated number as it was sent."""
    try:
        value = decimal.Decimal(number)
    except decimal.InvalidOperation:
        return number
    text = format(value, "f") if value else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def strays(node, name=None):
    """Numbers of an answer that are not written canonically."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from strays(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from strays(value, name if name == "NS" else None)
    elif name in ("N", "NS") and isinstance(node, str) and canonical(node) != node:
        yield node


def _text(value):
    return json.dumps(_ordered(value) if isinstance(value, dict) else value, sort_keys=True, ensure_ascii=False)


def signature(operation, ours, theirs):
    """Differences that are likely the same: the texts with what they quote taken out, or the paths of what differs."""
    if isinstance(ours, list) or isinstance(theirs, list):
        return (operation, _kind(ours), _kind(theirs))
    return (operation, "answers", ", ".join(sorted(_paths(ours, theirs))[:3]))


def _kind(normalised):
    if not isinstance(normalised, list):
        return "accepted"
    return f"{normalised[0]} {normalised[1]}: {masked(normalised[2])}"


# What a message quotes of its request, a pattern a kind of quotation; what is kept is in front of the quotation.
QUOTED = [
    (r"'[^']*'|\"[^\"]*\"", "_"),
    (r"\[(?:[^\[\]]|\[[^\]]*\])*\]|\{[^}]*\}", "_"),
    (r"\b(operand type|operator|operator or function|reserved keyword|Key|attribute name|attribute value|Attribute|element|index|IndexName"
     r"|type|Primary key attribute|in KeyConditionExpression|numeric value|AttributeValue|expected|actual): [^,;]*?(?=[,;]| IndexKey| actual| is null|$)",
     r"\1: _"),
    (r"\b(for Index Key) \S+ Expected: \S+ Actual: \S+", r"\1 _ Expected: _ Actual: _"),
    (r"\b(Missing the key|mismatch for key|Cannot update attribute) \S+?(?=\.? |$)", r"\1 _"),
    (r"\b(for key|for attribute) [:#]?\w+$", r"\1 _"),
    (r"\b(ComparisonOperator) \w+ (is not valid for) \w+", r"\1 _ \2 _"),
    (r"\b(not supported for the type) \w+", r"\1 _"),
    (r"\d+", "0"),
]  # fmt: skip


def masked(message):
    """A message with what it quotes of the request taken out."""
    for pattern, kept in QUOTED:
        message = re.sub(pattern, kept, message)
    return message


def _paths(ours, theirs, at=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in ours.keys() | theirs.keys():
            if key not in ours or key not in theirs:
                yield f"{at}.{key} {'missing' if key not in ours else 'more'}"
            else:
                yield from _paths(ours[key], theirs[key], f"{at}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for left, right in zip(ours, theirs):
            yield from _paths(left, right, f"{at}[]")
    elif ours != theirs or type(ours) is not type(theirs):
        yield at
