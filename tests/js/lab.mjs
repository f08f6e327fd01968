// The workshop lab with AWS's SDK for JavaScript: node lab.mjs DIRECTORY (first.zip and second.zip in it). Endpoint,
// region and keys come from the environment. Prints one JSON object at the end; any failure is an exception.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// The packages stand outside the tree, where NODE_PATH says.
const require = createRequire(join(process.env.NODE_PATH, "lab.cjs"));
const lambdaSdk = require("@aws-sdk/client-lambda");
const iamSdk = require("@aws-sdk/client-iam");
const stsSdk = require("@aws-sdk/client-sts");

const directory = process.argv[2];
const FunctionName = "lab-js";
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const iam = new iamSdk.IAMClient({ region: "us-east-1" });
const sts = new stsSdk.STSClient({ region: "us-east-1" });
const here = new lambdaSdk.LambdaClient({ region: "us-east-1" });
const there = new lambdaSdk.LambdaClient({ region: "sa-east-1" });

const { Role } = await iam.send(new iamSdk.CreateRoleCommand({ RoleName: FunctionName, AssumeRolePolicyDocument: trust }));
await iam.send(new iamSdk.AttachRolePolicyCommand({
  RoleName: FunctionName,
  PolicyArn: "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
}));
const identity = await sts.send(new stsSdk.GetCallerIdentityCommand({}));
assert.match(identity.Account, /^\d{12}$/);

const settings = { FunctionName, Runtime: "nodejs24.x", Handler: "index.handler", Role: Role.Arn };
await here.send(new lambdaSdk.CreateFunctionCommand({ ...settings, Code: { ZipFile: readFileSync(join(directory, "first.zip")) } }));
await lambdaSdk.waitUntilFunctionActiveV2({ client: here, maxWaitTime: 60 }, { FunctionName });
const second = readFileSync(join(directory, "second.zip"));
await here.send(new lambdaSdk.UpdateFunctionCodeCommand({ FunctionName, ZipFile: second }));
await lambdaSdk.waitUntilFunctionUpdatedV2({ client: here, maxWaitTime: 60 }, { FunctionName });
const invoked = await here.send(new lambdaSdk.InvokeCommand({ FunctionName, Payload: '{"a":1}', LogType: "Tail" }));
assert.deepEqual(JSON.parse(Buffer.from(invoked.Payload).toString()), { text: "second", event: { a: 1 } });
const log = Buffer.from(invoked.LogResult, "base64").toString();

assert.deepEqual((await there.send(new lambdaSdk.ListFunctionsCommand({}))).Functions, []);
const { Code } = await here.send(new lambdaSdk.GetFunctionCommand({ FunctionName }));
const copy = execFileSync("wget", ["-q", "-O", "-", Code.Location]);
assert.ok(copy.equals(second));
await assert.rejects(there.send(new lambdaSdk.UpdateFunctionCodeCommand({ FunctionName, ZipFile: copy })), {
  name: "ResourceNotFoundException",
});
await there.send(new lambdaSdk.CreateFunctionCommand({ ...settings, Code: { ZipFile: copy } }));
await lambdaSdk.waitUntilFunctionActiveV2({ client: there, maxWaitTime: 60 }, { FunctionName });
const again = await there.send(new lambdaSdk.InvokeCommand({ FunctionName, Payload: '{"b":2}' }));
assert.deepEqual(JSON.parse(Buffer.from(again.Payload).toString()).event, { b: 2 });
for (const client of [here, there]) {
  await client.send(new lambdaSdk.DeleteFunctionCommand({ FunctionName }));
  assert.deepEqual((await client.send(new lambdaSdk.ListFunctionsCommand({}))).Functions, []);
}
console.log(JSON.stringify({ log }));
