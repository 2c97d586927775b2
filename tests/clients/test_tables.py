"""Tables as an SDK sees them: created, described, listed, waited for, deleted, refused."""

import datetime
import re

import pytest

from harness import tables
from harness.tables import refusal

KEY = [{"AttributeName": "pk", "KeyType": "HASH"}]
DEFINITION = [{"AttributeName": "pk", "AttributeType": "S"}]


def definition(name, kind="S"):
    return {"AttributeName": name, "AttributeType": kind}


def element(name, kind):
    return {"AttributeName": name, "KeyType": kind}


@pytest.fixture
def name(client):
    """A name for a table that the test makes itself; dropped afterwards."""
    name = tables.unique_name("tables")
    yield name
    if name in all_names(client):
        client.delete_table(TableName=name)


def all_names(client, **parameters):
    pages = client.get_paginator("list_tables").paginate(**parameters)
    return [name for page in pages for name in page["TableNames"]]


def test_create_describes_the_table(client, name):
    made = client.create_table(
        TableName=name,
        KeySchema=[element("pk", "HASH"), element("sk", "RANGE")],
        AttributeDefinitions=[definition("pk"), definition("sk", "N")],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]
    assert made["TableName"] == name
    assert made["TableStatus"] in ("CREATING", "ACTIVE")
    assert made["KeySchema"] == [element("pk", "HASH"), element("sk", "RANGE")]
    assert {d["AttributeName"]: d["AttributeType"] for d in made["AttributeDefinitions"]} == {"pk": "S", "sk": "N"}
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert made["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert made["ItemCount"] == 0 and made["TableSizeBytes"] == 0
    assert re.fullmatch(rf"arn:aws:dynamodb:[a-z0-9-]+:\d{{12}}:table/{re.escape(name)}", made["TableArn"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["TableId"])
    age = datetime.datetime.now(datetime.timezone.utc) - made["CreationDateTime"]
    assert abs(age) < datetime.timedelta(minutes=5)
    for absent in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes", "LatestStreamArn", "SSEDescription"):
        assert absent not in made

    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    described = client.describe_table(TableName=name)["Table"]
    assert described["TableStatus"] == "ACTIVE"
    for member in ("TableArn", "TableId", "CreationDateTime", "KeySchema"):
        assert described[member] == made[member]
    assert described["DeletionProtectionEnabled"] is False


def test_provisioned_table_keeps_its_throughput(client, name):
    client.create_table(
        TableName=name,
        KeySchema=KEY,
        AttributeDefinitions=DEFINITION,
        ProvisionedThroughput={"ReadCapacityUnits": 7, "WriteCapacityUnits": 3},
    )
    throughput = client.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]
    assert (throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]) == (7, 3)
    assert throughput["NumberOfDecreasesToday"] == 0


def test_a_table_is_usable_as_soon_as_it_is_active(client, name):
    tables.create(client, name=name)
    client.put_item(TableName=name, Item={"pk": {"S": "a"}})
    assert client.get_item(TableName=name, Key={"pk": {"S": "a"}})["Item"] == {"pk": {"S": "a"}}


def test_an_arn_stands_for_the_name(client, table):
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    client.put_item(TableName=arn, Item={"pk": {"S": "a"}, "v": {"N": "1"}})
    answer = client.get_item(TableName=arn, Key={"pk": {"S": "a"}}, ReturnConsumedCapacity="TOTAL")
    assert answer["Item"]["v"] == {"N": "1"}
    assert answer["ConsumedCapacity"]["TableName"] == arn
    assert client.describe_table(TableName=arn)["Table"]["TableName"] == table


def test_item_count_and_size_follow_the_writes(client, table):
    for number in range(5):
        client.put_item(TableName=table, Item={"pk": {"S": str(number)}, "body": {"S": "x" * 100}})
    client.delete_item(TableName=table, Key={"pk": {"S": "0"}})
    described = client.describe_table(TableName=table)["Table"]
    # The service refreshes these every six hours; Stator counts as it writes. An item: 2 + 1 + 4 + 100, and 100 of overhead.
    assert described["ItemCount"] == 4
    assert described["TableSizeBytes"] == 4 * (2 + 1 + 4 + 100 + 100)


def test_creating_a_table_twice_is_refused(client, table):
    code, message, status, _ = refusal(
        client.create_table,
        TableName=table,
        KeySchema=KEY,
        AttributeDefinitions=DEFINITION,
        BillingMode="PAY_PER_REQUEST",
    )
    assert (code, status) == ("ResourceInUseException", 400)
    assert message == f"Table already exists: {table}"


def test_missing_tables_are_named(client):
    for call in (client.describe_table, client.delete_table):
        code, message, status, _ = refusal(call, TableName="nothing-here")
        assert (code, status) == ("ResourceNotFoundException", 400)
        assert message == "Requested resource not found: Table: nothing-here not found"
    code, message, _, _ = refusal(client.get_item, TableName="nothing-here", Key={"pk": {"S": "a"}})
    assert (code, message) == ("ResourceNotFoundException", "Requested resource not found")


def test_delete_removes_the_table_and_its_items(client, name):
    tables.create(client, name=name)
    client.put_item(TableName=name, Item={"pk": {"S": "a"}})
    deleted = client.delete_table(TableName=name)["TableDescription"]
    assert (deleted["TableName"], deleted["TableStatus"]) == (name, "DELETING")
    client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert name not in all_names(client)

    tables.create(client, name=name)
    assert "Item" not in client.get_item(TableName=name, Key={"pk": {"S": "a"}}, ConsistentRead=True)
    assert client.scan(TableName=name)["Count"] == 0


def test_deletion_protection(client, name):
    client.create_table(
        TableName=name,
        KeySchema=KEY,
        AttributeDefinitions=DEFINITION,
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    assert client.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] is True
    code, message, status, _ = refusal(client.delete_table, TableName=name)
    assert (code, status) == ("ValidationException", 400)
    assert "protected against deletion" in message
    client.update_table(TableName=name, DeletionProtectionEnabled=False)
    client.delete_table(TableName=name)
    assert name not in all_names(client)


def test_update_table_switches_the_billing_mode(client, name):
    client.create_table(
        TableName=name,
        KeySchema=KEY,
        AttributeDefinitions=DEFINITION,
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    client.update_table(TableName=name, BillingMode="PAY_PER_REQUEST")
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    described = client.describe_table(TableName=name)["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 0


def test_list_tables_in_pages(client):
    prefix = tables.unique_name("list")
    made = [f"{prefix}-{letter}" for letter in "edcba"]
    for name in made:
        client.create_table(
            TableName=name, KeySchema=KEY, AttributeDefinitions=DEFINITION, BillingMode="PAY_PER_REQUEST"
        )
    try:
        names = all_names(client, PaginationConfig={"PageSize": 2})
        assert names == sorted(names)
        assert [name for name in names if name.startswith(prefix)] == sorted(made)

        page = client.list_tables(ExclusiveStartTableName=f"{prefix}-b", Limit=2)
        assert page["TableNames"] == [f"{prefix}-c", f"{prefix}-d"]
        assert page["LastEvaluatedTableName"] == f"{prefix}-d"
        # The start need not exist.
        assert client.list_tables(ExclusiveStartTableName=f"{prefix}-bb", Limit=1)["TableNames"] == [f"{prefix}-c"]
    finally:
        for name in made:
            client.delete_table(TableName=name)


def test_one_hundred_tables_are_one_page(client):
    prefix = tables.unique_name("page")
    made = [f"{prefix}-{number:03}" for number in range(103)]
    for name in made:
        client.create_table(
            TableName=name, KeySchema=KEY, AttributeDefinitions=DEFINITION, BillingMode="PAY_PER_REQUEST"
        )
    try:
        page = client.list_tables(ExclusiveStartTableName=f"{prefix}-")
        assert page["TableNames"] == made[:100]
        assert page["LastEvaluatedTableName"] == made[99]
    finally:
        for name in made:
            client.delete_table(TableName=name)


def test_limits_and_endpoints(client, server):
    limits = client.describe_limits()
    assert limits["AccountMaxReadCapacityUnits"] == 80000 and limits["TableMaxWriteCapacityUnits"] == 40000
    endpoints = client.describe_endpoints()["Endpoints"]
    assert endpoints[0]["CachePeriodInMinutes"] == 1440 and endpoints[0]["Address"]


REFUSED_SHAPES = {
    "first key is a RANGE": (
        {"KeySchema": [element("pk", "RANGE")]},
        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
    ),
    "second key is a HASH": (
        {
            "KeySchema": [element("pk", "HASH"), element("sk", "HASH")],
            "AttributeDefinitions": [definition("pk"), definition("sk")],
        },
        "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
    ),
    "one name twice": (
        {
            "KeySchema": [element("pk", "HASH"), element("pk", "RANGE")],
            "AttributeDefinitions": [definition("pk"), definition("sk")],
        },
        "Both the Hash Key and the Range Key element in the KeySchema have the same name",
    ),
    "definition that no key uses": (
        {"AttributeDefinitions": [definition("pk"), definition("other")]},
        "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of "
        "attributes defined in AttributeDefinitions",
    ),
    "key without a definition": (
        {"AttributeDefinitions": [definition("other")]},
        "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [pk], AttributeDefinitions: [other]",
    ),
    "throughput on demand": (
        {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}},
        "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified "
        "when BillingMode is PAY_PER_REQUEST",
    ),
}


@pytest.mark.parametrize("case", REFUSED_SHAPES)
def test_impossible_tables_are_refused(client, case):
    change, expected = REFUSED_SHAPES[case]
    name = tables.unique_name("refused")
    request = {"KeySchema": KEY, "AttributeDefinitions": DEFINITION, "BillingMode": "PAY_PER_REQUEST", **change}
    code, message, status, _ = refusal(client.create_table, TableName=name, **request)
    assert (code, status) == ("ValidationException", 400)
    assert message == expected
    assert name not in all_names(client)


def test_provisioned_without_throughput_is_refused(client):
    code, message, _, _ = refusal(
        client.create_table, TableName=tables.unique_name(), KeySchema=KEY, AttributeDefinitions=DEFINITION
    )
    assert code == "ValidationException"
    assert message == (
        "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified "
        "when BillingMode is PROVISIONED"
    )


def test_warm_throughput_and_limits_are_described(client, name):
    client.create_table(
        TableName=name,
        KeySchema=KEY,
        AttributeDefinitions=DEFINITION,
        BillingMode="PAY_PER_REQUEST",
        OnDemandThroughput={"MaxReadRequestUnits": 100},
        WarmThroughput={"ReadUnitsPerSecond": 12001, "WriteUnitsPerSecond": 4001},
    )
    described = client.describe_table(TableName=name)["Table"]
    assert described["OnDemandThroughput"] == {"MaxReadRequestUnits": 100}
    assert described["WarmThroughput"] == {
        "ReadUnitsPerSecond": 12001,
        "WriteUnitsPerSecond": 4001,
        "Status": "ACTIVE",
    }
    echoed = client.update_table(TableName=name, OnDemandThroughput={"MaxReadRequestUnits": -1})["TableDescription"]
    assert echoed["OnDemandThroughput"] == {"MaxReadRequestUnits": -1}
    assert "OnDemandThroughput" not in client.describe_table(TableName=name)["Table"]


def test_update_table_is_about_one_thing(client, table):
    code, message, status, _ = refusal(
        client.update_table, TableName=table, DeletionProtectionEnabled=True, TableClass="STANDARD"
    )
    assert (code, status) == ("ValidationException", 400)
    assert message == (
        "One or more parameter values were invalid: TableClass modification must be the only operation in the request"
    )
    code, message, _, _ = refusal(client.update_table, TableName=table)
    assert (code, message.split(",")[0]) == ("ValidationException", "At least one of ProvisionedThroughput")


def test_unchanged_throughput_is_refused(client, name):
    units = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3}
    client.create_table(TableName=name, KeySchema=KEY, AttributeDefinitions=DEFINITION, ProvisionedThroughput=units)
    code, message, _, _ = refusal(client.update_table, TableName=name, ProvisionedThroughput=units)
    assert code == "ValidationException"
    assert message.startswith("The provisioned throughput for the table will not change. ")
    changed = client.update_table(
        TableName=name, ProvisionedThroughput={"ReadCapacityUnits": 4, "WriteCapacityUnits": 3}
    )["TableDescription"]
    assert (changed["TableStatus"], changed["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("UPDATING", 2)
    described = client.describe_table(TableName=name)["Table"]
    assert (described["TableStatus"], described["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("ACTIVE", 4)


def test_time_to_live_is_described_once_it_is_on(client, name):
    tables.create(client, name=name)
    specification = {"Enabled": True, "AttributeName": "expires"}
    answer = client.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
    assert answer["TimeToLiveSpecification"] == specification
    described = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    again = refusal(client.update_time_to_live, TableName=name, TimeToLiveSpecification=specification)
    assert again[:2] == ("ValidationException", "TimeToLive is already enabled")
    off = refusal(
        client.update_time_to_live,
        TableName=name,
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires"},
    )
    assert off[:2] == (
        "ValidationException",
        "Time to live has been modified multiple times within a fixed interval",
    )


def test_tags_come_and_go(client, table):
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}])
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == [
        {"Key": "a", "Value": "2"},
        {"Key": "b", "Value": ""},
    ]
    client.untag_resource(ResourceArn=arn, TagKeys=["a", "never set"])
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": ""}]
    code, message, _, _ = refusal(client.tag_resource, ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": ""}])
    assert (code, message) == ("ValidationException", "Tag Key cannot be prefixed with aws:, Key: aws:x")
    code, message, _, _ = refusal(client.untag_resource, ResourceArn=arn + "-not", TagKeys=["a"])
    assert (code, message) == (
        "ResourceNotFoundException",
        f"Requested resource not found: ResourceArn: {arn}-not not found",
    )


def test_features_that_are_off_say_so(client, table):
    """Infrastructure tools ask these of every table at every refresh."""
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    assert client.describe_time_to_live(TableName=table)["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    backups = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["ContinuousBackupsStatus"] == "ENABLED"
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == []
    assert client.describe_contributor_insights(TableName=table)["ContributorInsightsStatus"] == "DISABLED"
    assert client.describe_kinesis_streaming_destination(TableName=table)["KinesisDataStreamDestinations"] == []
    code, message, _, _ = refusal(client.get_resource_policy, ResourceArn=arn)
    assert (code, message) == (
        "PolicyNotFoundException",
        f"Resource-based policy not found for the provided ResourceArn: {arn}",
    )


def test_point_in_time_recovery_stays_off(client, table):
    off = {"PointInTimeRecoveryEnabled": False}
    answer = client.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=off)
    described = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert described == {"PointInTimeRecoveryStatus": "DISABLED"}
    code, message, _, _ = refusal(
        client.update_continuous_backups,
        TableName=table,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    assert code == "ValidationException" and "PointInTimeRecoveryEnabled" in message


def test_tags_given_at_creation_are_listed(client, name):
    tags = [{"Key": "team", "Value": "storage"}, {"Key": "empty", "Value": ""}]
    made = client.create_table(
        TableName=name,
        KeySchema=KEY,
        AttributeDefinitions=DEFINITION,
        BillingMode="PAY_PER_REQUEST",
        Tags=tags,
    )["TableDescription"]
    listed = client.list_tags_of_resource(ResourceArn=made["TableArn"])["Tags"]
    assert sorted(listed, key=lambda tag: tag["Key"]) == sorted(tags, key=lambda tag: tag["Key"])
