// Which methods an address knows, for requests that no operation of it takes: those that no route took, and those that only the
// route of another operation would take, whose parameters can have no such values.
import { type Operation, readWire } from "@malachite/contract";

/** Answers the methods of the address, none for an unknown one. Only asked for requests that failed. */
export function createMethodTable(operations: readonly Operation[]): (url: string) => readonly string[] {
  const table = new Map<string, Address>();
  for (const { path, alsoAt = [], method } of operations) {
    for (const address of [path, ...alsoAt]) {
      const shape = address
        .replace(/[.*+?^$()|[\]\\]/g, "\\$&")
        .replace(/\{\w+\\\*\}/g, ".+")
        .replace(/\{\w+\}/g, "[^/]+");
      const known = table.get(shape) ?? {
        shape: new RegExp(`^${shape}/?$`, "i"),
        parts: address.split("/"),
        methods: new Set<string>(),
      };
      known.methods.add(method);
      if (method === "GET") known.methods.add("HEAD");
      table.set(shape, known);
    }
  }
  return (url) => {
    const path = url.split("?", 1)[0] ?? "";
    const [found] = [...table.values()].filter(({ shape }) => shape.test(path)).sort(plainFirst);
    return [...(found?.methods ?? [])].sort();
  };
}

type Address = {
  readonly shape: RegExp;
  readonly parts: readonly string[];
  readonly methods: Set<string>;
};

/** Of two descriptions of one address, the one that names the first part in which they differ; the rest of a path comes last. */
function plainFirst(a: Address, b: Address): number {
  const at = a.parts.findIndex((part, i) => opennessOf(part) !== opennessOf(b.parts[i]));
  return opennessOf(a.parts[at]) - opennessOf(b.parts[at]);
}

const opennessOf = (part = "{*}"): number => (part.endsWith("*}") ? 2 : part.includes("{") ? 1 : 0);

/** A method that is refused at an address, and those that the address knows. */
export type Refusal = { readonly path: string; readonly method: Method; readonly allowed: readonly Method[] };
type Method = Operation["method"] | "HEAD";

/**
 * The methods that an address lacks, and that another operation with parameters would take in its stead although no value of its
 * parameters is written so: `POST snapshots/getByHash` is no request about a snapshot, for that is no UUID. Where such a value may
 * be meant, as with a run called `runIds`, there is no refusal.
 */
export function refusedMethods(operations: readonly Operation[]): readonly Refusal[] {
  const all = operations.flatMap((operation) =>
    [operation.path, ...(operation.alsoAt ?? [])].map((path) => ({ path, operation, parts: partsOf(path) })),
  );
  const addresses = Map.groupBy(all, ({ path }) => path.toLowerCase().replace(/\{\w+(\*?)\}/g, "{$1}"));
  return [...addresses.values()].flatMap(([first, ...same]) => {
    if (first === undefined) return [];
    const { path, parts } = first;
    const allowed = new Set([first, ...same].flatMap(({ operation }) => methodsOf(operation)));
    const taken = new Map<Method, boolean>();
    for (const other of all) {
      if (!takesAllOf(other.parts, parts)) continue;
      const legal = mayMean(other.operation, meaning(other.parts, parts));
      for (const method of methodsOf(other.operation))
        if (!allowed.has(method)) taken.set(method, legal || taken.get(method) === true);
    }
    return [...taken]
      .filter(([, legal]) => !legal)
      .map(([method]) => ({ path, method, allowed: [...allowed].sort() }));
  });
}

const methodsOf = ({ method }: Operation): readonly Method[] =>
  method === "GET" ? ["GET", "HEAD"] : [method];

/** A part of a path: its text, and in small letters; of a parameter also its name, and whether it takes the rest of the path. */
type Part = {
  readonly text: string;
  readonly folded: string;
  readonly name?: string;
  readonly rest: boolean;
};

/** Each path is taken apart once: every start compares all of them with each other. */
const partsOf = (path: string): readonly Part[] =>
  path.split("/").map((text) => {
    const [, name, star] = /^\{(\w+)(\*?)\}$/.exec(text) ?? [];
    return { text, folded: text.toLowerCase(), ...(name === undefined ? {} : { name }), rest: star === "*" };
  });

function takesAllOf(wanted: readonly Part[], given: readonly Part[]): boolean {
  const isEnough = wanted.at(-1)?.rest ? given.length >= wanted.length : given.length === wanted.length;
  return isEnough && wanted.every(({ name, folded }, i) => name !== undefined || folded === given[i]?.folded);
}

/** What the fixed parts of `given` would be as parameters of `wanted`, which takes all that it takes. */
function meaning(wanted: readonly Part[], given: readonly Part[]): Readonly<Record<string, string>> {
  const meant: Record<string, string> = {};
  for (const [i, { name, rest }] of wanted.entries()) {
    const value = given[i]?.text ?? "";
    if (name === undefined) continue;
    if (rest)
      meant[name] = given
        .slice(i)
        .map(({ text }) => text)
        .join("/");
    else if (!value.includes("{")) meant[name] = value;
  }
  return meant;
}

/** Whether the operation's parameters may have those values. What is a parameter in both addresses may be anything. */
function mayMean({ params }: Operation, meant: Readonly<Record<string, string>>): boolean {
  return Object.entries(meant).every(([name, value]) => {
    const schema = params.properties[name];
    if (schema === undefined || value.includes("{")) return true;
    const values = (schema as { readonly "x-values"?: readonly string[] })["x-values"];
    if (values?.every((known) => known.toLowerCase() !== value.toLowerCase())) return false;
    return readWire(schema, value, "text").faults.length === 0;
  });
}
