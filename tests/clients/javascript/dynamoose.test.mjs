// Dynamoose, as its getting-started pages use it: it makes, checks and waits for tables itself.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import dynamoose from "dynamoose";
import { dropTable, settings, uniqueName } from "./stator.mjs";

dynamoose.aws.ddb.set(new dynamoose.aws.ddb.DynamoDB(settings));
const name = uniqueName("Cat");
const schema = new dynamoose.Schema(
  { id: Number, name: { type: String, required: true }, lives: { type: Number, default: 9 }, toys: { type: Set, schema: [String] } },
  { timestamps: true },
);
const Cat = dynamoose.model(name, schema, { throughput: "ON_DEMAND", waitForActive: { enabled: true } });
new dynamoose.Table(name, [Cat], { throughput: "ON_DEMAND" });
after(() => dropTable(name));

test("a cat is saved, found, changed and gone", async () => {
  const zero = new Cat({ id: 0, name: "Zildjian", toys: new Set(["ball"]) });
  await zero.save();
  const found = await Cat.get(0);
  assert.equal(found.name, "Zildjian");
  assert.equal(found.lives, 9);
  assert.ok(found.createdAt);
  const updated = await Cat.update({ id: 0 }, { $SET: { name: "Tom" }, $ADD: { lives: -1 } });
  assert.equal(updated.name, "Tom");
  assert.equal(updated.lives, 8);
  await Cat.delete(0);
  assert.equal(await Cat.get(0), undefined);
});

test("create refuses what is there already", async () => {
  await Cat.create({ id: 1, name: "First" });
  await assert.rejects(Cat.create({ id: 1, name: "Second" }), { name: "ConditionalCheckFailedException" });
});

test("batches, scans and queries", async () => {
  const { unprocessedItems } = await Cat.batchPut(Array.from({ length: 10 }, (_, n) => ({ id: 10 + n, name: `cat ${n % 2}` })));
  assert.deepEqual(unprocessedItems, []);
  assert.equal((await Cat.batchGet([10, 11, 99])).length, 2);
  const even = await Cat.scan("name").eq("cat 0").all().exec();
  assert.deepEqual(even.map((cat) => cat.id).sort(), [10, 12, 14, 16, 18]);
  const one = await Cat.query("id").eq(11).where("name").beginsWith("cat").exec();
  assert.equal(one.count, 1);
  assert.equal((await Cat.scan().count().exec()).count >= 10, true);
});
