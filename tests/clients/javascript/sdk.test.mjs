// The AWS SDK for JavaScript v3 by itself: commands, waiters, paginators, errors as classes, response checks.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetItemCommand,
  ListTablesCommand,
  paginateListTables,
  paginateQuery,
  paginateScan,
  PutItemCommand,
  QueryCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateItemCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import { client, uniqueName } from "./stator.mjs";

const table = uniqueName("sdk");
const key = (pk, sk) => ({ pk: { S: pk }, sk: { N: String(sk) } });

before(async () => {
  await client.send(
    new CreateTableCommand({
      TableName: table,
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "N" },
      ],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  const { state } = await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName: table });
  assert.equal(state, "SUCCESS");
});

after(async () => {
  await client.send(new DeleteTableCommand({ TableName: table }));
  const { state } = await waitUntilTableNotExists({ client, maxWaitTime: 60 }, { TableName: table });
  assert.equal(state, "SUCCESS");
});

test("a table is described with its keys, dates and ARN", async () => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
  assert.equal(Table.TableStatus, "ACTIVE");
  assert.ok(Table.CreationDateTime instanceof Date);
  assert.match(Table.TableArn, /^arn:aws:dynamodb:us-east-1:\d{12}:table\//);
  const byArn = await client.send(new DescribeTableCommand({ TableName: Table.TableArn }));
  assert.equal(byArn.Table.TableId, Table.TableId);
});

test("all types come back as they were sent", async () => {
  const item = {
    ...key("types", 1),
    s: { S: "héllo 😀" },
    n: { N: "-12345678901234567890.5" },
    b: { B: new Uint8Array([0, 1, 255]) },
    bool: { BOOL: false },
    none: { NULL: true },
    l: { L: [{ S: "a" }, { L: [] }, { M: {} }] },
    m: { M: { deep: { M: { er: { N: "1" } } } } },
    ss: { SS: ["a", "b"] },
    ns: { NS: ["1", "2.5"] },
    bs: { BS: [new Uint8Array([1]), new Uint8Array([2])] },
  };
  await client.send(new PutItemCommand({ TableName: table, Item: item }));
  const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: key("types", 1), ConsistentRead: true }));
  for (const set of ["ss", "ns", "bs"]) Object.values(Item[set])[0].sort();
  assert.deepEqual(Item, item);
});

test("a failed condition is a class of its own and carries the item", async () => {
  await client.send(new PutItemCommand({ TableName: table, Item: { ...key("cond", 1), v: { N: "1" } } }));
  const put = new PutItemCommand({
    TableName: table,
    Item: key("cond", 1),
    ConditionExpression: "attribute_not_exists(pk)",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  await assert.rejects(client.send(put), (error) => {
    assert.ok(error instanceof ConditionalCheckFailedException);
    assert.equal(error.message, "The conditional request failed");
    assert.deepEqual(error.Item, { ...key("cond", 1), v: { N: "1" } });
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.match(error.$metadata.requestId, /^[0-9A-Z]{52}$/);
    return true;
  });
});

test("missing and doubled tables are classes of their own", async () => {
  const missing = new GetItemCommand({ TableName: "no-such-table", Key: { pk: { S: "a" } } });
  await assert.rejects(client.send(missing), ResourceNotFoundException);
  const again = new CreateTableCommand({
    TableName: table,
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  await assert.rejects(client.send(again), ResourceInUseException);
});

test("an update returns what it changed, and its capacity", async () => {
  const update = new UpdateItemCommand({
    TableName: table,
    Key: key("count", 1),
    UpdateExpression: "SET #n = if_not_exists(#n, :zero) + :one",
    ExpressionAttributeNames: { "#n": "count" },
    ExpressionAttributeValues: { ":zero": { N: "0" }, ":one": { N: "1" } },
    ReturnValues: "UPDATED_NEW",
    ReturnConsumedCapacity: "INDEXES",
  });
  for (const expected of ["1", "2"]) {
    const { Attributes, ConsumedCapacity } = await client.send(update);
    assert.deepEqual(Attributes, { count: { N: expected } });
    assert.deepEqual(ConsumedCapacity, { TableName: table, CapacityUnits: 1, Table: { CapacityUnits: 1 } });
  }
});

test("paginators give every item once, in order", async () => {
  const puts = Array.from({ length: 25 }, (_, n) => ({ PutRequest: { Item: key("pages", n) } }));
  const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: puts } }));
  assert.deepEqual(UnprocessedItems, {});
  const seen = [];
  const query = {
    TableName: table,
    KeyConditionExpression: "pk = :p",
    ExpressionAttributeValues: { ":p": { S: "pages" } },
    ScanIndexForward: false,
  };
  for await (const page of paginateQuery({ client, pageSize: 4 }, query)) seen.push(...page.Items.map((item) => +item.sk.N));
  assert.deepEqual(seen, Array.from({ length: 25 }, (_, n) => 24 - n));
  const found = new Set();
  for await (const page of paginateScan({ client, pageSize: 7 }, { TableName: table }))
    for (const item of page.Items) found.add(`${item.pk.S} ${item.sk.N}`);
  assert.ok(found.size >= 25);
  const keys = Array.from({ length: 25 }, (_, n) => key("pages", n));
  const { Responses } = await client.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys: keys } } }));
  assert.equal(Responses[table].length, 25);
});

test("a large answer survives compression and its checksum", async () => {
  const text = "x".repeat(50_000);
  for (let n = 0; n < 4; n++) await client.send(new PutItemCommand({ TableName: table, Item: { ...key("large", n), text: { S: text } } }));
  const { Items } = await client.send(
    new QueryCommand({ TableName: table, KeyConditionExpression: "pk = :p", ExpressionAttributeValues: { ":p": { S: "large" } } }),
  );
  assert.equal(Items.length, 4);
  assert.equal(Items[3].text.S, text);
});

test("tables are listed page by page", async () => {
  const names = [];
  for await (const page of paginateListTables({ client, pageSize: 1 }, {})) names.push(...page.TableNames);
  assert.ok(names.includes(table));
  const all = await client.send(new ListTablesCommand({}));
  assert.deepEqual([...new Set(names)].sort(), all.TableNames.filter((name) => names.includes(name)).sort());
});

test("time to live is off", async () => {
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: table }));
  assert.deepEqual(TimeToLiveDescription, { TimeToLiveStatus: "DISABLED" });
});
