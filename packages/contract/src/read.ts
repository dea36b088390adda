// Reads a JSON value as a schema of this contract describes it, the way the real service does: property names in any case,
// digit strings for numbers, null for absent, unknown properties kept. Collects every fault with its path. Not for defaults.
import type { TSchema } from "typebox";

/** One thing wrong with a value. `target` is the path of the property, in the contract's spelling: `configuration.nodeCount`. */
export type Fault = { readonly target: string; readonly message: string };

/** How a value was written: in JSON, or as text (a query string, a header), where booleans and numbers are words. */
export type Written = "json" | "text";

type Schema = {
  type?: string;
  ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  enum?: string[];
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  nullable?: boolean;
  nullIsEmpty?: boolean;
  loose?: boolean;
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?$/;
const INTEGER = /^[+-]?\d{1,19}$/;
const INT32 = 2 ** 31;

/**
 * Reads `value` as `schema` says. The result holds the contract's spelling of every known property; `faults` is empty when
 * all is well. Never throws; a value with faults must not be used.
 */
export function readWire<T extends TSchema>(
  schema: T,
  value: unknown,
  written: Written = "json",
): { readonly value: unknown; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  return { value: read(schema as Schema, value, "", written, faults), faults };
}

function read(schema: Schema, value: unknown, at: string, written: Written, faults: Fault[]): unknown {
  if (schema.anyOf) return readUnion(schema.anyOf, value, at, written, faults);
  switch (schema.type) {
    case "object":
      return readObject(schema, value, at, written, faults);
    case "array":
      // In a query string a list of one looks like its only value.
      return readArray(
        schema,
        written === "text" && typeof value === "string" ? [value] : value,
        at,
        written,
        faults,
      );
    case "string":
      return readString(schema, value, at, faults);
    case "integer":
    case "number":
      return readNumber(schema, value, at, faults);
    case "boolean":
      return readBoolean(value, at, written, faults);
    default:
      return value;
  }
}

function readUnion(
  options: Schema[],
  value: unknown,
  at: string,
  written: Written,
  faults: Fault[],
): unknown {
  let first: Fault[] | undefined;
  for (const option of options) {
    const found: Fault[] = [];
    const result = read(option, value, at, written, found);
    if (found.length === 0) return result;
    first ??= found;
  }
  faults.push(...(first ?? []));
  return value;
}

function readObject(schema: Schema, value: unknown, at: string, written: Written, faults: Fault[]): unknown {
  if (!isObject(value)) return wrong(value, at, "an object", faults);
  if (schema.patternProperties) {
    const [inner] = Object.values(schema.patternProperties);
    const entries = Object.entries(value)
      .map(([k, v]) => [k, v === null && inner?.nullIsEmpty ? "" : v] as const)
      .filter(([, v]) => v !== null || inner?.nullable || inner?.type === undefined)
      .map(([k, v]) => [k, inner && v !== null ? read(inner, v, join(at, k), written, faults) : v] as const);
    return Object.fromEntries(entries);
  }
  const properties = schema.properties ?? {};
  const spelling = spellingOf(properties);
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const given = value[key];
    const known = Object.hasOwn(properties, key) ? key : spelling.get(key.toLowerCase());
    const inner = known === undefined ? undefined : properties[known];
    if (known === undefined || inner === undefined) {
      keep(result, key, given);
      continue;
    }
    if (given === null || given === undefined) continue;
    if (Object.hasOwn(result, known)) {
      faults.push({
        target: join(at, known),
        message: `'${key}' is given twice, in different cases. Give it once.`,
      });
      continue;
    }
    result[known] = read(inner, given, join(at, known), written, faults);
  }
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(result, name))
      faults.push({ target: join(at, name), message: `'${name}' is required and was not given.` });
  }
  return result;
}

/** A property of whatever name: to assign `__proto__` would change what the object is. */
function keep(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

const spellings = new WeakMap<object, Map<string, string>>();
function spellingOf(properties: Record<string, Schema>): Map<string, string> {
  let map = spellings.get(properties);
  if (!map) {
    map = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]));
    spellings.set(properties, map);
  }
  return map;
}

function readArray(schema: Schema, value: unknown, at: string, written: Written, faults: Fault[]): unknown {
  if (!Array.isArray(value)) return wrong(value, at, "an array", faults);
  const items = schema.items;
  return items ? value.map((item, i) => read(items, item, `${at}[${i}]`, written, faults)) : value;
}

function readString(schema: Schema, value: unknown, at: string, faults: Fault[]): unknown {
  if (schema.loose && isPlain(value)) return String(value);
  if (typeof value !== "string") return wrong(value, at, "a string", faults);
  if (schema.enum) {
    const known = schema.enum.find((name) => name.toLowerCase() === value.toLowerCase());
    if (known === undefined) {
      faults.push({ target: at, message: `${show(value)} is not one of ${schema.enum.join(", ")}.` });
      return value;
    }
    return known;
  }
  if (schema.minLength !== undefined && value.length < schema.minLength) {
    faults.push({
      target: at,
      message: `Must not be shorter than ${schema.minLength} characters; ${value.length} were given.`,
    });
  } else if (schema.maxLength !== undefined && value.length > schema.maxLength) {
    faults.push({
      target: at,
      message: `Must not be longer than ${schema.maxLength} characters; ${value.length} were given.`,
    });
  } else if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    faults.push({ target: at, message: `${show(value)} does not match the pattern ${schema.pattern}.` });
  } else if (schema.format === "uuid" && !UUID.test(value)) {
    faults.push({ target: at, message: `${show(value)} is not a UUID.` });
  } else if (
    schema.format === "date-time" &&
    !(DATE_TIME.test(value) && Number.isFinite(Date.parse(value)))
  ) {
    faults.push({ target: at, message: `${show(value)} is not an RFC 3339 date and time.` });
  }
  return value;
}

function readNumber(schema: Schema, value: unknown, at: string, faults: Fault[]): unknown {
  const whole = schema.type === "integer";
  const number = typeof value === "string" && INTEGER.test(value.trim()) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number) || (whole && !Number.isInteger(number))) {
    return wrong(value, at, whole ? "a whole number" : "a number", faults);
  }
  const lowest = schema.minimum ?? (schema.format === "int32" ? -INT32 : Number.MIN_SAFE_INTEGER);
  const highest = schema.maximum ?? (schema.format === "int32" ? INT32 - 1 : Number.MAX_SAFE_INTEGER);
  if (number < lowest || number > highest) {
    faults.push({ target: at, message: `${show(value)} is out of range: ${lowest} to ${highest}.` });
  }
  return number;
}

function readBoolean(value: unknown, at: string, written: Written, faults: Fault[]): unknown {
  if (typeof value === "boolean") return value;
  if (written === "text" && typeof value === "string" && /^(true|false)$/i.test(value))
    return value.toLowerCase() === "true";
  return wrong(value, at, "true or false", faults);
}

function wrong(value: unknown, at: string, wanted: string, faults: Fault[]): unknown {
  faults.push({ target: at, message: `Must be ${wanted}; ${kindOf(value)} was given.` });
  return value;
}

/** A number that has been read exactly, or a boolean. Of others the digits are lost. */
const isPlain = (value: unknown): value is number | boolean =>
  typeof value === "boolean" ||
  (typeof value === "number" && (Number.isSafeInteger(value) || !Number.isInteger(value)));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const kindOf = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "an array"
      : typeof value === "object"
        ? "an object"
        : `${typeof value} ${show(value)}`;

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
};

const join = (at: string, name: string): string => (at === "" ? name : `${at}.${name}`);
