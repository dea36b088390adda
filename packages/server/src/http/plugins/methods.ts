// Which methods an address knows, for requests that no route took.
import type { Operation } from "@malachite/contract";

/** Answers the methods of the address, none for an unknown one. Only asked for requests that failed. */
export function createMethodTable(operations: readonly Operation[]): (url: string) => readonly string[] {
  const table = new Map<string, { readonly shape: RegExp; readonly methods: Set<string> }>();
  for (const { path, alsoAt = [], method } of operations) {
    for (const address of [path, ...alsoAt]) {
      const shape = address
        .replace(/[.*+?^$()|[\]\\]/g, "\\$&")
        .replace(/\{\w+\\\*\}/g, ".+")
        .replace(/\{\w+\}/g, "[^/]+");
      const known = table.get(shape) ?? {
        shape: new RegExp(`^${shape}/?$`, "i"),
        methods: new Set<string>(),
      };
      known.methods.add(method);
      if (method === "GET") known.methods.add("HEAD");
      table.set(shape, known);
    }
  }
  return (url) => {
    const path = url.split("?", 1)[0] ?? "";
    const found = [...table.values()].filter(({ shape }) => shape.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  };
}
