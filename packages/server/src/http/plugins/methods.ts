// Which methods an address knows, for requests that no route took.
import type { Operation } from "@malachite/contract";

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
