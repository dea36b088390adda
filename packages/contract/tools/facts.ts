// What an API description says, as a flat table of facts (`where` → `what`), so that two descriptions can be compared line by
// line whatever version of OpenAPI they are written in. Texts (descriptions, examples) are no facts.
type Json = Record<string, unknown>;
export type Facts = ReadonlyMap<string, string>;

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

/** The facts of a Swagger 2.0 or OpenAPI 3.0 document. */
export function factsOf(document: unknown): Facts {
  const root = document as Json;
  const facts = new Map<string, string>();
  for (const [path, item] of Object.entries(at(root, "paths"))) {
    for (const method of METHODS) {
      const operation = (item as Json)[method] as Json | undefined;
      if (operation) operationFacts(root, `${method.toUpperCase()} ${path}`, operation, facts);
    }
  }
  const models = { ...at(root, "definitions"), ...at(at(root, "components"), "schemas") };
  for (const [name, model] of Object.entries(models)) modelFacts(name, model as Json, facts);
  return facts;
}

function operationFacts(root: Json, name: string, operation: Json, facts: Map<string, string>): void {
  facts.set(name, String(operation.operationId));
  for (const given of (operation.parameters ?? []) as Json[]) {
    const parameter = resolve(root, given);
    const required = parameter.required === true ? "required" : "optional";
    if (parameter.in === "body") {
      facts.set(`${name} body`, `${required} ${shape(parameter.schema as Json)}`);
    } else if (parameter.in === "formData") {
      facts.set(`${name} form ${parameter.name}`, `${required} bytes`);
    } else {
      const schema = (parameter.schema ?? parameter) as Json;
      facts.set(`${name} ${parameter.in} ${parameter.name}`, `${required} ${shape(schema)}`);
    }
  }
  const body = operation.requestBody as Json | undefined;
  if (body) bodyFacts(name, body, facts);
  for (const [status, given] of Object.entries((operation.responses ?? {}) as Json)) {
    const answer = given as Json;
    const [content] = Object.values((answer.content ?? {}) as Json) as Json[];
    const schema = (answer.schema ?? content?.schema) as Json | undefined;
    facts.set(`${name} answer ${status}`, schema === undefined ? "nothing" : shape(schema));
  }
}

function bodyFacts(name: string, body: Json, facts: Map<string, string>): void {
  const required = body.required === true ? "required" : "optional";
  for (const [type, media] of Object.entries((body.content ?? {}) as Json)) {
    const schema = ((media as Json).schema ?? {}) as Json;
    if (type !== "multipart/form-data") {
      facts.set(`${name} body`, `${required} ${shape(schema)}`);
      continue;
    }
    const needed = new Set((schema.required ?? []) as string[]);
    for (const part of Object.keys(at(schema, "properties"))) {
      facts.set(`${name} form ${part}`, `${needed.has(part) ? "required" : "optional"} bytes`);
    }
  }
}

function modelFacts(name: string, model: Json, facts: Map<string, string>): void {
  const required = new Set((model.required ?? []) as string[]);
  const properties = at(model, "properties");
  facts.set(`model ${name}`, "object");
  for (const [property, schema] of Object.entries(properties)) {
    facts.set(
      `model ${name}.${property}`,
      `${required.has(property) ? "required" : "optional"} ${shape(schema as Json)}`,
    );
  }
}

/** One word for a schema: its type with what a reader must know to read and write it. */
export function shape(schema: Json): string {
  const ref = schema.$ref;
  if (typeof ref === "string") return ref.slice(ref.lastIndexOf("/") + 1);
  const type = schema.type;
  if (type === "file" || schema.format === "binary") return "bytes";
  if (Array.isArray(schema.anyOf)) return (schema.anyOf as Json[]).map(shape).join(" or ");
  if (type === "array") return `[${shape((schema.items ?? {}) as Json)}]`;
  if (type === "object" || (type === undefined && schema.additionalProperties !== undefined)) {
    const values = schema.additionalProperties;
    return typeof values === "object" ? `{${shape(values as Json)}}` : "{}";
  }
  const extras = [schema.format, schema.pattern, (schema.enum as string[] | undefined)?.join("|")];
  return [type ?? "anything", ...extras.filter((extra) => extra !== undefined)].join(" ");
}

function resolve(root: Json, given: Json): Json {
  const ref = given.$ref;
  if (typeof ref !== "string") return given;
  return ref
    .slice(2)
    .split("/")
    .reduce((inner, key) => at(inner, key), root);
}

const at = (value: Json | undefined, key: string): Json => ((value?.[key] as Json | undefined) ?? {}) as Json;
