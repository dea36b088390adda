// The OpenAPI document of everything this package describes. Version 3.0.3: what client generators and test tools digest best.
import * as apis from "./apis.ts";
import { ErrorResponse } from "./errors.ts";
import type { Operation } from "./operation.ts";

type Json = Record<string, unknown>;

const TAGS = {
  datastore: "Datastores",
  environment: "Environments",
  execution: "Execution",
  history: "History",
  artifact: "Artifacts",
  content: "Snapshots",
  arm: "Resources",
  metric: "Metrics",
  malachite: "Malachite",
  modelmanagement: "Models",
  mlflow: "MLflow",
} as const satisfies Record<keyof typeof apis, string>;

/** Every operation of the contract, in the order of its declaration. */
export const operations: readonly Operation[] = Object.values(apis).flatMap((api) =>
  Object.values(api).filter(isOperation),
);

const tagOf: ReadonlyMap<Operation, string> = new Map(
  Object.entries(apis).flatMap(([name, api]) =>
    Object.values(api)
      .filter(isOperation)
      .map((operation) => [operation, TAGS[name as keyof typeof apis]] as const),
  ),
);

function isOperation(value: unknown): value is Operation {
  return typeof value === "object" && value !== null && "id" in value && "method" in value && "path" in value;
}

/** The whole document. Pure: the same for the same contract. Throws where two models of different shapes have one name. */
export function openApiDocument(described: readonly Operation[] = operations): object {
  const schemas = new Map<string, Json>();
  const paths = new Map<string, Json>();
  for (const operation of described) {
    for (const address of [operation.path, ...(operation.alsoAt ?? [])]) {
      const path = address.replace("*}", "}");
      const methods = paths.get(path) ?? {};
      methods[operation.method.toLowerCase()] = describe(operation, path, schemas);
      paths.set(path, methods);
    }
  }
  return {
    openapi: "3.0.3",
    info: {
      title: "Malachite",
      version: "1.0",
      description:
        "A self-hosted service with the wire contract of the Azure Machine Learning v1 Execution Service.",
      license: { name: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ azure_auth: ["user_impersonation"] }, { bearer: [] }],
    tags: [...new Set(Object.values(TAGS))].map((name) => ({ name })),
    paths: Object.fromEntries(paths),
    components: {
      schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        azure_auth: {
          type: "oauth2",
          flows: {
            implicit: {
              authorizationUrl: "https://login.microsoftonline.com/common/oauth2/authorize",
              scopes: { user_impersonation: "impersonate your user account" },
            },
          },
        },
        bearer: { type: "http", scheme: "bearer" },
      },
    },
  };
}

function describe(operation: Operation, path: string, schemas: Map<string, Json>): Json {
  return {
    tags: [tagOf.get(operation) ?? "Malachite"],
    operationId: idAt(operation, path),
    summary: operation.summary,
    parameters: [
      ...parameters(operation.params, "path", schemas).filter((p) => path.includes(`{${p.name}}`)),
      ...(operation.query ? parameters(operation.query, "query", schemas) : []),
    ],
    ...requestBody(operation, schemas),
    responses: {
      "200": answer(operation, schemas),
      ...noContent(operation),
      ...refusals(operation, schemas),
      default: {
        description: "Error response describing why the operation failed.",
        content: { "application/json": { schema: schemaOf(ErrorResponse, schemas) } },
      },
    },
    ...(operation.authenticated === false ? { security: [] } : {}),
  };
}

const noContent = ({ answer }: Operation): Json =>
  answer.kind === "empty" && answer.noContent !== undefined
    ? { "204": { description: answer.noContent } }
    : {};

function refusals({ refusal }: Operation, schemas: Map<string, Json>): Json {
  if (refusal === undefined) return {};
  const content = { "application/json": { schema: schemaOf(refusal.schema, schemas) } };
  return Object.fromEntries(
    refusal.statuses.map((status) => [String(status), { description: "Refused.", content }]),
  );
}

/** Ids are unique: the other addresses of an operation say which they are. */
function idAt(operation: Operation, path: string): string {
  if (path === operation.path.replace("*}", "}")) return operation.id;
  if (path.startsWith("/modelregistry/")) return `${operation.id}InRegistry`;
  if (path.startsWith("/api/")) return `${operation.id}InApi`;
  if (/^\/(?:content|mlflow)\/v2\.0\//.test(path)) return `${operation.id}V2`;
  if (path.includes("/experimentids/")) return `${operation.id}ByExperimentId`;
  const others = (operation.alsoAt ?? []).filter((address) => !address.includes("/experimentids/"));
  const place = others.findIndex((address) => address.replace("*}", "}") === path);
  return place < 1 ? `${operation.id}InWorkspace` : `${operation.id}InWorkspace${place + 1}`;
}

function parameters(
  object: Operation["params"],
  place: "path" | "query",
  schemas: Map<string, Json>,
): Json[] {
  const required = new Set<string>((object as { required?: string[] }).required ?? []);
  return Object.entries(object.properties).map(([name, schema]) => {
    const { description, ...rest } = schemaOf(schema, schemas);
    return {
      name,
      in: place,
      ...(description === undefined ? {} : { description }),
      required: place === "path" || required.has(name),
      schema: rest,
    };
  });
}

function requestBody({ body }: Operation, schemas: Map<string, Json>): Json {
  if (body === undefined) return {};
  if (body.kind === "json") {
    const content = { "application/json": { schema: schemaOf(body.schema, schemas) } };
    return { requestBody: { required: body.required, content } };
  }
  if (body.kind === "bytes") {
    const content = { [body.contentType]: { schema: { type: "string", format: "binary" } } };
    return { requestBody: { required: true, content } };
  }
  const properties = Object.fromEntries(
    Object.entries(body.parts).map(([name, { description }]) => [
      name,
      { type: "string", format: "binary", description },
    ]),
  );
  const required = Object.entries(body.parts).filter(([, { optional }]) => !optional);
  const schema = { type: "object", properties, required: required.map(([name]) => name) };
  return { requestBody: { required: true, content: { "multipart/form-data": { schema } } } };
}

function answer({ answer }: Operation, schemas: Map<string, Json>): Json {
  const { description } = answer;
  switch (answer.kind) {
    case "json":
      return { description, content: { "application/json": { schema: schemaOf(answer.schema, schemas) } } };
    case "bytes":
      return {
        description,
        content: { [answer.contentType]: { schema: { type: "string", format: "binary" } } },
      };
    case "events":
      return { description, content: { "text/event-stream": { schema: { type: "string" } } } };
    case "empty":
      return { description };
  }
}

/** A schema as OpenAPI 3.0 writes it. Named models go to `schemas` and are referred to. */
function schemaOf(schema: unknown, schemas: Map<string, Json>): Json {
  const given = schema as Json;
  if (typeof given.ref === "string") return { $ref: `#/components/schemas/${given.ref}` };
  const name = given.model;
  if (typeof name !== "string") return plain(given, schemas);
  const known = schemas.get(name);
  if (known === undefined) {
    // Its name is taken before its properties are looked at, so that a model may hold itself.
    schemas.set(name, {});
    schemas.set(name, plain(given, schemas));
  } else if (known.properties !== undefined) {
    const { properties } = plain(given, schemas);
    if (JSON.stringify(properties) !== JSON.stringify(known.properties))
      throw new Error(`Two models of different shapes are called ${name}.`);
  }
  return { $ref: `#/components/schemas/${name}` };
}

function plain(given: Json, schemas: Map<string, Json>): Json {
  const {
    model: _model,
    loose: _loose,
    nullIsEmpty: _nullIsEmpty,
    patternProperties,
    properties,
    items,
    anyOf,
    ...rest
  } = given;
  const result: Json = { ...rest };
  if (properties !== undefined) {
    const entries = Object.entries(properties as Json).map(([key, value]) => [key, schemaOf(value, schemas)]);
    result.properties = Object.fromEntries(entries);
  }
  if (patternProperties !== undefined) {
    const [value] = Object.values(patternProperties as Json);
    const inner = value === undefined ? {} : schemaOf(value, schemas);
    result.additionalProperties = Object.keys(inner).length === 0 ? true : inner;
  }
  if (items !== undefined) result.items = schemaOf(items, schemas);
  if (anyOf !== undefined) result.anyOf = (anyOf as unknown[]).map((one) => schemaOf(one, schemas));
  return result;
}
