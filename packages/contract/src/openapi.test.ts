// The document that is made of the schemas is whole: unique ids, every parameter declared, every reference resolved.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApiDocument, operations } from "./openapi.ts";

type Json = Record<string, unknown>;
const document = openApiDocument() as {
  paths: Record<string, Record<string, Json>>;
  components: { schemas: Json };
};
const described = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

describe("openapi.json", () => {
  it("has every operation at every address, each with an id of its own", () => {
    const addresses = operations.flatMap(({ path, alsoAt = [] }) => [path, ...alsoAt]);
    assert.equal(described.length, addresses.length);
    assert.equal(new Set(described.map(({ operation }) => operation.operationId)).size, described.length);
  });
  it("declares exactly the parameters that a path has", () => {
    for (const { path, operation } of described) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      const declared = (operation.parameters as Json[]).filter((p) => p.in === "path");
      assert.deepEqual(declared.map((p) => p.name).sort(), inPath, path);
      assert.ok(declared.every((p) => p.required === true));
    }
  });
  it("answers every operation's errors with the ErrorResponse", () => {
    for (const { path, operation } of described) {
      const text = JSON.stringify((operation.responses as Json).default);
      assert.match(text, /#\/components\/schemas\/ErrorResponse/, path);
    }
  });
  it("describes each model by its own shape", () => {
    const twice = (name: string) => ({ model: "Twice", type: "object", properties: { [name]: {} } });
    const body = (name: string) => ({
      ...operations[0],
      id: name,
      body: { kind: "json", schema: twice(name) },
    });
    assert.throws(
      () => openApiDocument([body("a"), body("b")] as never),
      /Two models of different shapes are called Twice/,
    );
  });
  it("refers only to models it has, and has none that nobody refers to", () => {
    const text = JSON.stringify(document);
    const referred = new Set([...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name));
    assert.deepEqual([...referred].sort(), Object.keys(document.components.schemas).sort());
  });
  it("holds no word that OpenAPI does not know", () => {
    const known = new Set(
      "type format enum pattern minimum maximum minLength maxLength description required properties additionalProperties items anyOf nullable $ref".split(
        " ",
      ),
    );
    const walk = (schema: Json): void => {
      for (const word of Object.keys(schema)) assert.ok(known.has(word), word);
      for (const inner of Object.values((schema.properties ?? {}) as Json)) walk(inner as Json);
      for (const inner of [schema.items, schema.additionalProperties])
        if (typeof inner === "object") walk(inner as Json);
    };
    for (const schema of Object.values(document.components.schemas)) walk(schema as Json);
  });
  it("asks for no token where none is needed", () => {
    const open = described
      .filter(({ operation }) => JSON.stringify(operation.security) === "[]")
      .map(({ path }) => path);
    assert.ok(open.includes("/healthz") && open.includes("/openapi.json"));
    const tokenless = operations.filter((o) => o.authenticated === false);
    assert.equal(open.length, tokenless.flatMap(({ path, alsoAt = [] }) => [path, ...alsoAt]).length);
  });
});
