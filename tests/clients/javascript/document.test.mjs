// DynamoDBDocumentClient: items as JavaScript values, with its marshalling options.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  NumberValue,
  paginateQuery,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { client, dropTable, settings, uniqueName } from "./stator.mjs";

const table = uniqueName("document");
const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true, convertEmptyValues: false } });

before(async () => {
  await client.send(
    new CreateTableCommand({
      TableName: table,
      KeySchema: [
        { AttributeName: "artist", KeyType: "HASH" },
        { AttributeName: "song", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "artist", AttributeType: "S" },
        { AttributeName: "song", AttributeType: "S" },
      ],
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    }),
  );
});
after(() => dropTable(table));

test("values keep their JavaScript types", async () => {
  const item = {
    artist: "Nina",
    song: "Sinnerman",
    year: 1965,
    live: true,
    label: null,
    tags: new Set(["soul", "gospel"]),
    ratings: new Set([4.5, 5]),
    cover: new Uint8Array([137, 80, 78, 71]),
    credits: [{ name: "Nina Simone", roles: ["voice", "piano"] }, "", {}],
    missing: undefined,
  };
  await documents.send(new PutCommand({ TableName: table, Item: item }));
  const { Item } = await documents.send(new GetCommand({ TableName: table, Key: { artist: "Nina", song: "Sinnerman" } }));
  delete item.missing;
  assert.deepEqual(Item, item);
});

test("numbers beyond a double keep their digits", async () => {
  const big = "12345678901234567890123456789012345678";
  // A client of its own: the options of a document client reach all that share its client.
  const wrapping = DynamoDBDocumentClient.from(new DynamoDBClient(settings), { unmarshallOptions: { wrapNumbers: true } });
  await wrapping.send(new PutCommand({ TableName: table, Item: { artist: "n", song: "big", value: NumberValue.from(big) } }));
  const { Item } = await wrapping.send(new GetCommand({ TableName: table, Key: { artist: "n", song: "big" } }));
  assert.equal(Item.value.toString(), big);
  const { Attributes } = await wrapping.send(
    new UpdateCommand({
      TableName: table,
      Key: { artist: "n", song: "big" },
      UpdateExpression: "SET #v = #v + :one",
      ExpressionAttributeNames: { "#v": "value" },
      ExpressionAttributeValues: { ":one": 1 },
      ReturnValues: "ALL_NEW",
    }),
  );
  assert.equal(Attributes.value.toString(), "12345678901234567890123456789012345679");
});

test("expressions over documents", async () => {
  const key = { artist: "Nina", song: "Feeling Good" };
  await documents.send(new PutCommand({ TableName: table, Item: { ...key, meta: { plays: 1, by: ["a", "b"] } } }));
  const { Attributes } = await documents.send(
    new UpdateCommand({
      TableName: table,
      Key: key,
      UpdateExpression: "SET meta.plays = meta.plays + :n, meta.#by = list_append(meta.#by, :more) ADD fans :fans REMOVE gone",
      ConditionExpression: "size(meta.#by) = :two AND attribute_type(meta, :map) AND contains(meta.#by, :a)",
      ExpressionAttributeNames: { "#by": "by" },
      ExpressionAttributeValues: { ":n": 41, ":more": ["c"], ":fans": new Set(["x"]), ":two": 2, ":map": "M", ":a": "a" },
      ReturnValues: "ALL_NEW",
    }),
  );
  assert.deepEqual(Attributes, { ...key, meta: { plays: 42, by: ["a", "b", "c"] }, fans: new Set(["x"]) });
  const projected = await documents.send(
    new GetCommand({ TableName: table, Key: key, ProjectionExpression: "meta.#by[1], fans", ExpressionAttributeNames: { "#by": "by" } }),
  );
  assert.deepEqual(projected.Item, { meta: { by: ["b"] }, fans: new Set(["x"]) });
});

test("batches, queries and scans", async () => {
  const songs = Array.from({ length: 20 }, (_, n) => ({ artist: "batch", song: `s${String(n).padStart(2, "0")}`, n }));
  const { UnprocessedItems } = await documents.send(
    new BatchWriteCommand({ RequestItems: { [table]: songs.map((Item) => ({ PutRequest: { Item } })) } }),
  );
  assert.deepEqual(UnprocessedItems, {});
  const got = await documents.send(
    new BatchGetCommand({ RequestItems: { [table]: { Keys: songs.slice(0, 3).map(({ artist, song }) => ({ artist, song })) } } }),
  );
  assert.deepEqual(got.Responses[table].map((item) => item.n).sort(), [0, 1, 2]);
  const query = {
    TableName: table,
    KeyConditionExpression: "artist = :a AND song BETWEEN :low AND :high",
    FilterExpression: "n <> :five",
    ExpressionAttributeValues: { ":a": "batch", ":low": "s03", ":high": "s09", ":five": 5 },
  };
  const { Items, Count, ScannedCount } = await documents.send(new QueryCommand(query));
  assert.deepEqual(Items.map((item) => item.n), [3, 4, 6, 7, 8, 9]);
  assert.equal(Count, 6);
  assert.equal(ScannedCount, 7);
  const pages = [];
  for await (const page of paginateQuery({ client: documents, pageSize: 2 }, query)) pages.push(page.Items.map((item) => item.n));
  assert.deepEqual(pages.flat(), [3, 4, 6, 7, 8, 9]);
  const scan = await documents.send(
    new ScanCommand({ TableName: table, FilterExpression: "n >= :n", ExpressionAttributeValues: { ":n": 18 }, Select: "COUNT" }),
  );
  assert.equal(scan.Count, 2);
  assert.equal(scan.Items, undefined);
  const gone = await documents.send(
    new DeleteCommand({ TableName: table, Key: { artist: "batch", song: "s00" }, ReturnValues: "ALL_OLD" }),
  );
  assert.deepEqual(gone.Attributes, songs[0]);
});
