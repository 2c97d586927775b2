// What all tests here share: a client of the server in STATOR_ENDPOINT, and tables with names of their own.
import { DynamoDBClient, DeleteTableCommand } from "@aws-sdk/client-dynamodb";

export const endpoint = process.env.STATOR_ENDPOINT;
if (!endpoint) throw new Error("STATOR_ENDPOINT names no server: run by tests/clients/test_javascript.py");

export const settings = {
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
};

export const client = new DynamoDBClient(settings);

let tables = 0;
export const uniqueName = (prefix) => `${prefix}-js-${process.pid}-${++tables}`;

export async function dropTable(name) {
  await client.send(new DeleteTableCommand({ TableName: name }));
}
