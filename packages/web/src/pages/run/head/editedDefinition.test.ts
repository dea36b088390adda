import assert from "node:assert/strict";
import { test } from "node:test";
import {
  argumentLines,
  argumentsOfLines,
  printDefinition,
  readDefinition,
  withValues,
} from "./editedDefinition.ts";

test("A definition is edited by its text and by its fields, which say the same", () => {
  const read = readDefinition(
    '{"configuration": {"script": "a.py", "arguments": ["--lr", "0.1 x"]}, "parentRunId": "p"}',
  );
  assert.ok("definition" in read);
  assert.equal(argumentLines(read.definition), "--lr\n0.1 x");
  const changed = withValues(read.definition, { arguments: argumentsOfLines("--lr\n0.2\n"), target: "gpus" });
  assert.deepEqual(JSON.parse(printDefinition(changed)), {
    parentRunId: "p",
    configuration: { script: "a.py", arguments: ["--lr", "0.2"], target: "gpus" },
  });
  assert.deepEqual(withValues(changed, { target: undefined }).configuration, {
    script: "a.py",
    arguments: ["--lr", "0.2"],
  });
});

test("What is no definition says why", () => {
  assert.match(JSON.stringify(readDefinition("{")), /not JSON/);
  assert.match(JSON.stringify(readDefinition("[]")), /configuration/);
  assert.match(JSON.stringify(readDefinition('{"configuration": 1}')), /configuration/);
});

test("Arguments with lines of their own are edited as JSON alone", () => {
  assert.equal(argumentLines({ configuration: { arguments: ["a\nb"] } }), undefined);
});
