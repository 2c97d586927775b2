// ElectroDB: the tasks and employees of its getting-started page, two entities and a service on one table with a global index.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CreateTableCommand, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { Entity, Service } from "electrodb";
import { client, dropTable, uniqueName } from "./stator.mjs";

const table = uniqueName("electro");
const Employee = new Entity(
  {
    model: { entity: "employee", version: "1", service: "taskapp" },
    attributes: {
      employee: { type: "string", default: () => `e${Math.random()}` },
      firstName: { type: "string", required: true },
      office: { type: "string" },
      team: { type: ["development", "marketing", "finance"] },
      salary: { type: "number" },
    },
    indexes: {
      employee: { pk: { field: "pk", composite: ["employee"] }, sk: { field: "sk", composite: [] } },
      coworkers: {
        index: "gsi1pk-gsi1sk-index",
        collection: "workplaces",
        pk: { field: "gsi1pk", composite: ["office"] },
        sk: { field: "gsi1sk", composite: ["team", "employee"] },
      },
    },
  },
  { table, client },
);
const Task = new Entity(
  {
    model: { entity: "task", version: "1", service: "taskapp" },
    attributes: {
      task: { type: "string" },
      project: { type: "string" },
      employee: { type: "string" },
      office: { type: "string" },
      points: { type: "number", required: true },
      comments: { type: "list", items: { type: "map", properties: { user: { type: "string" }, body: { type: "string" } } } },
    },
    indexes: {
      task: { pk: { field: "pk", composite: ["task"] }, sk: { field: "sk", composite: ["project", "employee"] } },
      place: {
        index: "gsi1pk-gsi1sk-index",
        collection: "workplaces",
        pk: { field: "gsi1pk", composite: ["office"] },
        sk: { field: "gsi1sk", composite: ["project", "task"] },
      },
    },
  },
  { table, client },
);
const service = new Service({ employee: Employee, task: Task });

before(async () => {
  await client.send(
    new CreateTableCommand({
      TableName: table,
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: ["pk", "sk", "gsi1pk", "gsi1sk"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      GlobalSecondaryIndexes: [
        {
          IndexName: "gsi1pk-gsi1sk-index",
          KeySchema: [
            { AttributeName: "gsi1pk", KeyType: "HASH" },
            { AttributeName: "gsi1sk", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "ALL" },
        },
      ],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName: table });
});
after(() => dropTable(table));

// An index is eventually consistent: what was written shows within seconds.
async function until(read, enough) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { data } = await read();
    if (enough(data) || Date.now() > deadline) return data;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("an employee is created, found, patched and removed", async () => {
  const { data: made } = await Employee.create({ employee: "e1", firstName: "Tyler", office: "gw", team: "development", salary: 5 }).go();
  assert.equal(made.employee, "e1");
  await assert.rejects(Employee.create({ employee: "e1", firstName: "Twice", office: "gw", team: "finance" }).go(), /conditional request failed/);
  const { data: patched } = await Employee.patch({ employee: "e1" }).add({ salary: 2 }).set({ team: "finance", office: "gw" }).go({ response: "all_new" });
  assert.equal(patched.salary, 7);
  assert.equal(patched.team, "finance");
  await assert.rejects(Employee.patch({ employee: "nobody" }).set({ salary: 1 }).go(), /conditional request failed/);
  const found = await until(() => Employee.query.coworkers({ office: "gw" }).begins({ team: "finance" }).go(), (data) => data.length === 1);
  assert.equal(found[0].firstName, "Tyler");
  await Employee.remove({ employee: "e1" }).go();
  assert.equal((await Employee.get({ employee: "e1" }).go()).data, null);
});

test("a collection holds both entities", async () => {
  await Employee.put([
    { employee: "c1", firstName: "Ann", office: "sj", team: "marketing" },
    { employee: "c2", firstName: "Bob", office: "sj", team: "finance" },
  ]).go();
  await Task.put({ task: "t1", project: "p1", employee: "c1", office: "sj", points: 3, comments: [{ user: "ann", body: "done" }] }).go();
  const all = await until(() => service.collections.workplaces({ office: "sj" }).go(), (data) => data.employee.length === 2 && data.task.length === 1);
  assert.deepEqual(all.employee.map((one) => one.employee).sort(), ["c1", "c2"]);
  assert.deepEqual(all.task[0].comments, [{ user: "ann", body: "done" }]);
  const { data } = await Task.scan.where(({ points }, { gt }) => gt(points, 2)).go({ pages: "all" });
  assert.deepEqual(data.map((one) => one.task), ["t1"]);
});

test("pages of an index follow each other", async () => {
  await Task.put(Array.from({ length: 12 }, (_, n) => ({ task: `page${n}`, project: `p${String(n).padStart(2, "0")}`, employee: "x", office: "pages", points: n }))).go();
  await until(() => Task.query.place({ office: "pages" }).go({ pages: "all" }), (data) => data.length === 12);
  const points = [];
  let cursor = null;
  do {
    const page = await Task.query.place({ office: "pages" }).go({ cursor, limit: 5, order: "desc" });
    points.push(...page.data.map((one) => one.points));
    cursor = page.cursor;
  } while (cursor !== null);
  assert.deepEqual(points, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
});
