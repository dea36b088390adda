// Every operation of the contract, with its address and body to be filled with what nobody expects.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./service.ts";

type Schema = {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
};
type Parameter = { readonly name: string; readonly in: string };
type Described = {
  readonly operationId?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
};
type Contract = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};
type Json = unknown;

export type Place = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly params: readonly string[];
  readonly queries: readonly string[];
  /** A body that is right by its schema; undefined where none is taken as JSON. */
  readonly body: Json;
};

/** Of each operation one place; those that have several addresses are there once for each. */
export function places(): Place[] {
  const contract: Contract = JSON.parse(
    readFileSync(join(ROOT, "packages/contract/openapi.json"), "utf8"),
  ) as Contract;
  return Object.entries(contract.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { operationId, parameters = [], requestBody }]) => {
      if (operationId === undefined) return [];
      const json = Object.entries(requestBody?.content ?? {}).find(([type]) => type.includes("json"))?.[1];
      return [
        {
          id: operationId,
          method: method.toUpperCase(),
          path,
          params: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string),
          queries: parameters.filter((one) => one.in === "query").map((one) => one.name),
          body: json === undefined ? undefined : sample(json.schema, contract, 0),
        },
      ];
    }),
  );
}

function sample(schema: Schema | undefined, contract: Contract, depth: number): Json {
  if (schema === undefined || depth > 6) return null;
  const inner = (one: Schema | undefined) => sample(one, contract, depth + 1);
  const named = /^#\/components\/schemas\/(.+)$/.exec(schema.$ref ?? "")?.[1];
  if (named !== undefined) return inner(contract.components.schemas[named]);
  if (schema.anyOf) return inner(schema.anyOf[0]);
  if (schema.enum) return schema.enum[0];
  if (schema.type === "object" || schema.properties) {
    const more = typeof schema.additionalProperties === "object" ? { k: schema.additionalProperties } : {};
    const all = { ...schema.properties, ...more };
    return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, inner(one)]));
  }
  if (schema.type === "array") return [inner(schema.items)];
  if (schema.type === "integer" || schema.type === "number") return 1;
  if (schema.type === "boolean") return true;
  if (schema.format === "date-time") return "2026-01-01T00:00:00Z";
  return schema.format === "uuid" ? "00000000-0000-4000-8000-000000000000" : "x";
}

/** The value with one thing in it replaced by each of `wrong`, for every thing in it. */
export function* replaced(value: Json, wrong: readonly Json[]): Generator<Json> {
  if (value === null || typeof value !== "object") return;
  const make = (name: string, one: Json): Json =>
    Array.isArray(value)
      ? value.map((old, i) => (String(i) === name ? one : old))
      : { ...value, [name]: one };
  for (const [name, old] of Object.entries(value)) {
    for (const one of wrong) yield make(name, one);
    for (const inner of replaced(old, wrong)) yield make(name, inner);
  }
}
