// Reads YAML as run configurations use it: numbers and words where text is meant stay the text that was written.
import { isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";
import { UsageError } from "../errors/usageError.ts";

/** Keys whose value is text even if it looks like a number: `version: 1.10` is not 1.1. */
const TEXTS = new Set(
  [
    "script target framework communicator jobName command name version interpreterPath baseImage baseDockerfile",
    "baseCondaEnvironment condaDependenciesFile inferencingStackVersion address username password",
    "dataStoreName pathOnDataStore pathOnCompute shmSize",
  ]
    .join(" ")
    .toLowerCase()
    .split(" "),
);
/** Keys whose whole content is text: lists of arguments, maps of variables. */
const ALL_TEXT = new Set(["arguments", "environmentvariables", "directoriestowatch", "configuration"]);

/** The content as plain values, null for what is empty. Throws UsageError with the place of the fault. */
export function parseYaml(text: string, path: string): unknown {
  const document = parseDocument(text, { version: "1.2", uniqueKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined)
    throw new UsageError(`${path} is not valid YAML: ${fault.message}`, { cause: fault });
  try {
    // Aliases may be nested to blow up; the library counts while it resolves them.
    document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new UsageError(`${path} is not valid YAML: ${(cause as Error).message}`, { cause });
  }
  const read = (node: unknown, isText: boolean): unknown => {
    if (isMap(node)) {
      const map: Record<string, unknown> = {};
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? (key.source ?? String(key.value)) : String(key);
        const lower = name.toLowerCase();
        const inner = ALL_TEXT.has(lower) || (isText && !isMap(value)) || TEXTS.has(lower);
        // `__proto__` as a key must be a key.
        Object.defineProperty(map, name, {
          value: read(value, inner || isText),
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
      return map;
    }
    if (isSeq(node)) return node.items.map((item) => read(item, isText));
    if (isScalar(node)) {
      if (node.value === null) return null;
      if (isText) return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
      return typeof node.value === "bigint" ? String(node.value) : node.value;
    }
    const resolved =
      node === null || node === undefined ? null : (node as Node & { resolve?: (d: unknown) => unknown });
    return resolved?.resolve === undefined ? null : read(resolved.resolve(document), isText);
  };
  return read(document.contents, false);
}
