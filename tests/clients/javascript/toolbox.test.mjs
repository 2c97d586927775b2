// DynamoDB-Toolbox: entities on one table, as its getting-started page uses them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import {
  $add,
  BatchGetCommand,
  BatchGetRequest,
  DeleteItemCommand,
  Entity,
  executeBatchGet,
  GetItemCommand,
  item,
  number,
  PutItemCommand,
  QueryCommand,
  set,
  string,
  Table,
  UpdateItemCommand,
} from "dynamodb-toolbox";
import { client, dropTable, uniqueName } from "./stator.mjs";

const name = uniqueName("toolbox");
const PokeTable = new Table({
  name,
  partitionKey: { name: "PK", type: "string" },
  sortKey: { name: "SK", type: "string" },
  documentClient: DynamoDBDocumentClient.from(client),
});
const Pokemon = new Entity({
  name: "Pokemon",
  table: PokeTable,
  schema: item({ trainer: string().key().savedAs("PK"), id: string().key().savedAs("SK"), level: number().default(1), types: set(string()).optional() }),
});

before(async () => {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: [
        { AttributeName: "PK", KeyType: "HASH" },
        { AttributeName: "SK", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "PK", AttributeType: "S" },
        { AttributeName: "SK", AttributeType: "S" },
      ],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
});
after(() => dropTable(name));

test("an entity is put, read, updated, queried and deleted", async () => {
  const key = { trainer: "ash", id: "pikachu1" };
  await Pokemon.build(PutItemCommand).item({ ...key, types: new Set(["electric"]) }).send();
  const { Item } = await Pokemon.build(GetItemCommand).key(key).options({ consistent: true }).send();
  assert.equal(Item.level, 1);
  assert.deepEqual(Item.types, new Set(["electric"]));
  const { Attributes } = await Pokemon.build(UpdateItemCommand)
    .item({ ...key, level: $add(3) })
    .options({ condition: { attr: "level", lt: 99 }, returnValues: "ALL_NEW" })
    .send();
  assert.equal(Attributes.level, 4);
  await Pokemon.build(PutItemCommand).item({ trainer: "ash", id: "raichu1" }).send();
  const { Items } = await PokeTable.build(QueryCommand).query({ partition: "ash", range: { beginsWith: "pika" } }).entities(Pokemon).send();
  assert.deepEqual(Items.map((found) => found.id), ["pikachu1"]);
  const batch = PokeTable.build(BatchGetCommand).requests(
    Pokemon.build(BatchGetRequest).key(key),
    Pokemon.build(BatchGetRequest).key({ trainer: "ash", id: "nobody" }),
  );
  const { Responses } = await executeBatchGet(batch);
  assert.equal(Responses[0][0].id, "pikachu1");
  assert.equal(Responses[0][1], undefined);
  await Pokemon.build(DeleteItemCommand).key(key).send();
  assert.equal((await Pokemon.build(GetItemCommand).key(key).send()).Item, undefined);
});
