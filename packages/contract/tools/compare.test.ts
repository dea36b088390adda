// The contract against the public descriptions, where they are beside the checkout; and that the comparison sees differences.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { openApiDocument } from "../src/openapi.ts";
import { comparePublic, DEFAULT_FOLDER, differences, show } from "./compare.ts";
import { factsOf } from "./facts.ts";

describe("the comparison with the public descriptions", () => {
  const skip = existsSync(`${DEFAULT_FOLDER}/execution.json`)
    ? false
    : "the public descriptions are not beside the checkout";
  it("finds nothing that is not explained", { skip }, () => {
    const { compared, unexpected, stale } = comparePublic(DEFAULT_FOLDER);
    assert.deepEqual(unexpected.map(show), []);
    assert.deepEqual(stale, []);
    assert.ok(compared > 500);
  });
});

describe("the comparison", () => {
  const swagger = (change: object = {}) => ({
    paths: {
      "/a/{id}": {
        post: {
          operationId: "A_Do",
          parameters: [
            { name: "id", in: "path", required: true, type: "string", format: "uuid" },
            { name: "q", in: "query", type: "integer", format: "int32" },
            { name: "body", in: "body", required: true, schema: { $ref: "#/definitions/M" } },
          ],
          responses: { "200": { schema: { $ref: "#/definitions/M" } } },
          ...change,
        },
      },
    },
    definitions: {
      M: { type: "object", required: ["x"], properties: { x: { type: "string", enum: ["A", "B"] } } },
    },
  });
  const openapi = (model: object = { x: { type: "string", enum: ["A", "B"] } }, required = ["x"]) => ({
    paths: {
      "/a/{id}": {
        post: {
          operationId: "A_Do",
          parameters: [
            { name: "id", in: "path", required: true, schema: { type: "string", format: "uuid" } },
            { name: "q", in: "query", required: false, schema: { type: "integer", format: "int32" } },
          ],
          requestBody: {
            required: true,
            content: { "application/json": { schema: { $ref: "#/components/schemas/M" } } },
          },
          responses: {
            "200": { content: { "application/json": { schema: { $ref: "#/components/schemas/M" } } } },
          },
        },
      },
    },
    components: { schemas: { M: { type: "object", required, properties: model } } },
  });
  const compare = (theirs: object, ours: object) =>
    differences("f", factsOf(theirs), factsOf(ours)).map(({ kind, where }) => `${kind} ${where}`);

  it("sees none between two versions of the same", () => assert.deepEqual(compare(swagger(), openapi()), []));
  it("sees another id, enum, required, property, parameter and operation", () => {
    assert.deepEqual(compare(swagger({ operationId: "B" }), openapi()), ["differs f: POST /a/{id}"]);
    assert.deepEqual(compare(swagger(), openapi({ x: { type: "string", enum: ["A"] } })), [
      "differs f: model M.x",
    ]);
    assert.deepEqual(compare(swagger(), openapi(undefined, [])), ["differs f: model M.x"]);
    assert.deepEqual(compare(swagger(), openapi({}, [])), ["missing f: model M.x"]);
    assert.deepEqual(compare(swagger(), openapi({ x: { type: "string", enum: ["A", "B"] }, y: {} })), [
      "added f: model M.y",
    ]);
    assert.deepEqual(compare(swagger({ parameters: [] }), openapi()).length, 3);
    assert.deepEqual(compare(swagger(), { ...openapi(), paths: {} }), ["missing f: POST /a/{id}"]);
  });
  it("reads every operation of our own document", () => {
    const facts = factsOf(openApiDocument());
    assert.ok([...facts.keys()].some((name) => name.endsWith("/startrun form projectZipFile")));
  });
});
