// JSON Patch (RFC 6902) as clients of model management send it: add, replace, remove and test. Pure.
import { MalachiteError } from "../failure/malachiteError.ts";
import { isObject, type JsonObject } from "../scope.ts";

export type PatchOperation = { readonly op: string; readonly path: string; readonly value?: unknown };

/** More would not be a change of one record. */
const MOST_OPERATIONS = 1000;

/**
 * The document after the operations, in order; all of them or none. Its members are all there, null when they have no value, so that
 * `replace` always has something to replace. A list that is added to a list is appended, as the SDK means it. Throws BadPatch.
 */
export function applyPatch(document: JsonObject, operations: readonly PatchOperation[]): JsonObject {
  if (operations.length > MOST_OPERATIONS)
    throw bad(`${operations.length} operations are more than ${MOST_OPERATIONS}.`, "patch");
  return operations.reduce<JsonObject>(
    (now, operation, i) => applyOne(now, operation, `patch[${i}]`),
    document,
  );
}

function applyOne(document: JsonObject, { op, path, value }: PatchOperation, at: string): JsonObject {
  const [member = "", ...rest] = pointerOf(path, at);
  if (!Object.hasOwn(document, member)) {
    const known = Object.keys(document).join(", /");
    throw bad(`'${short(path)}' cannot be changed. What can be changed: /${known}.`, `${at}.path`);
  }
  const before = document[member];
  return { ...document, [member]: changed(before, op.toLowerCase(), rest, value, { at, path, op }) };
}

type Place = { readonly at: string; readonly path: string; readonly op: string };

function changed(
  before: unknown,
  op: string,
  [key, ...rest]: string[],
  value: unknown,
  place: Place,
): unknown {
  if (key === undefined) return whole(before, op, value, place);
  if (Array.isArray(before)) return changedItem(before, op, key, rest, value, place);
  if (!isObject(before) && !(before === null && rest.length === 0))
    throw bad(`There is nothing at '${short(place.path)}'.`, `${place.at}.path`);
  const owner = before ?? {};
  const there = Object.hasOwn(owner, key);
  if (!there && (op !== "add" || rest.length > 0))
    throw bad(`There is nothing at '${short(place.path)}' to ${op}.`, `${place.at}.path`);
  if (op === "remove" && rest.length === 0)
    return Object.fromEntries(Object.entries(owner).filter(([name]) => name !== key));
  const inner = changed(owner[key], op, rest, value, place);
  return Object.fromEntries([...Object.entries(owner).filter(([name]) => name !== key), [key, inner]]);
}

function changedItem(
  before: readonly unknown[],
  op: string,
  key: string,
  rest: string[],
  value: unknown,
  place: Place,
): unknown {
  const end = key === "-" || key === String(before.length);
  if (op === "add" && rest.length === 0 && end) return [...before, value];
  const index = /^(?:0|[1-9]\d{0,8})$/.test(key) ? Number(key) : -1;
  if (index < 0 || index >= before.length)
    throw bad(`There is nothing at '${short(place.path)}' to ${op}.`, `${place.at}.path`);
  if (rest.length === 0 && op === "add") return before.toSpliced(index, 0, value);
  if (rest.length === 0 && op === "remove") return before.toSpliced(index, 1);
  return before.with(index, changed(before[index], op, rest, value, place));
}

function whole(before: unknown, op: string, value: unknown, { at, op: sent, path }: Place): unknown {
  switch (op) {
    case "add":
      return Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : (value ?? null);
    case "replace":
      return value ?? null;
    case "remove":
      return null;
    case "test":
      if (JSON.stringify(sorted(before)) === JSON.stringify(sorted(value ?? null))) return before;
      throw bad(`The value at '${short(path)}' is another than the test says.`, `${at}.value`);
    default:
      throw bad(`'${short(sent)}' is none of add, replace, remove, test.`, `${at}.op`);
  }
}

/** The parts of a JSON pointer (RFC 6901). */
function pointerOf(path: string, at: string): string[] {
  if (!path.startsWith("/"))
    throw bad(`'${short(path)}' is not a JSON pointer; it begins with a slash.`, `${at}.path`);
  if (/~(?![01])/.test(path))
    throw bad(`'${short(path)}' is not a JSON pointer; a ~ is written ~0.`, `${at}.path`);
  return path
    .slice(1)
    .split("/")
    .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.entries(value)
    .map(([key, inner]) => [key, sorted(inner)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

const short = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 80)}…`);
const bad = (message: string, target: string) => new MalachiteError("BadPatch", message, { target });
