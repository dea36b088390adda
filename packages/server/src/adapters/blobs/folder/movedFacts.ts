// Facts of a blob whose file was copied into another data folder: the same facts, of the file that is there now.

import type { BigIntStats } from "node:fs";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../../files/index.ts";
import type { Facts } from "./blobFacts.ts";
import { containerFolder } from "./layout.ts";

/** Copies keep times to about a microsecond. */
const SAME_TIME_NS = 10_000n;

/** `text` is that of a file of facts, `blobs` the folder of the store. Undefined where the blob is gone, or is of another version. */
export async function movedFacts(blobs: string, text: string): Promise<string | undefined> {
  const { path: key, ...rest } = JSON.parse(text) as { path: string; facts: readonly Facts[] };
  const stats = await lstat(fileOf(blobs, key), { bigint: true }).catch((error) => {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  const facts = stats && factsOf(rest.facts, stats);
  if (stats === undefined || facts === undefined) return undefined;
  const moved: Facts = {
    ...facts,
    ino: String(stats.ino),
    ...(facts.kind === "block" ? { modifiedNs: String(stats.mtimeNs) } : {}),
  };
  return JSON.stringify({ ...rest, path: key, facts: [moved] });
}

function factsOf(all: readonly Facts[], { size, mtimeNs }: BigIntStats): Facts | undefined {
  const isOf = ({ kind, sizeBytes, modifiedNs }: Facts): boolean => {
    const apart = BigInt(modifiedNs ?? 0) - mtimeNs;
    return kind === "block" && sizeBytes === Number(size) && apart < SAME_TIME_NS && apart > -SAME_TIME_NS;
  };
  const whole = all.filter(({ kind, sizeBytes }) => kind === "append" && sizeBytes <= Number(size));
  return all.find(isOf) ?? whole.sort((a, b) => b.sizeBytes - a.sizeBytes)[0];
}

/** Where the blob of such a key is, see `keyOf`. */
function fileOf(blobs: string, key: string): string {
  const [kind = "", first = "", second = "", path = ""] = JSON.parse(key) as string[];
  return kind === "artifacts"
    ? join(blobs, kind, first, containerFolder(second), ...path.split("/"))
    : join(blobs, kind, containerFolder(first), ...second.split("/"));
}
