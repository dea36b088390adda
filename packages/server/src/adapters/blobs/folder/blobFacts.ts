// What is known of a blob beside its bytes: a small file for each blob that needs one, apart from the plain files, so that those
// stay what they are. Facts belong to one version of the file and say which: facts of another version count for nothing, so a
// crash between the two writes, or a file that somebody else replaces, never gives a blob the facts of another.
import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { type BlobAddress, type BlobHeaders, type BlobInfo, type Block, plainTypeOf } from "@malachite/core";
import { hasCode, writeFileAtomic, writeFileWhole } from "../../../files/index.ts";
import { withoutMd5 } from "../md5Header.ts";
import { hashedPath, workspaceFolder } from "./layout.ts";

/** The facts of one version. An append blob is known by its file alone, since its size and time change with each piece. */
export type Facts = {
  readonly kind: "block" | "append";
  readonly ino: string;
  readonly sizeBytes: number;
  /** Of block blobs only. */
  readonly modifiedNs?: string;
  readonly headers: BlobHeaders;
  readonly metadata: Readonly<Record<string, string>>;
  /** Raised by each change of the facts alone. */
  readonly revision?: number;
  readonly changedAt?: number;
  /** Pieces of an append blob so far. */
  readonly pieces?: number;
  readonly blocks?: readonly Block[];
};

type FactsFile = { readonly version: 1; readonly path: string; readonly facts: readonly Facts[] };

/** The facts of the blobs below one folder. */
export class BlobFactsFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `key` is that of `keyOf`. */
  #file(key: string): string {
    return hashedPath(this.#folder, createHash("sha256").update(key).digest("hex"));
  }

  /** The facts of the file as it is; undefined when none were kept for this version of it. */
  async of(key: string, stats: BigIntStats): Promise<Facts | undefined> {
    return matching(await this.#read(key), stats);
  }

  /**
   * Durable when it resolves, but for a file of that path of which nothing but the MD5 is known: readers can do without. During a write both
   * versions are kept, the one that is there and the one that is coming; which of them counts is decided by the file.
   */
  async keep(key: string, facts: readonly (Facts | undefined)[], path?: string): Promise<void> {
    const file: FactsFile = { version: 1, path: key, facts: facts.filter((one) => one !== undefined) };
    if (file.facts.length === 0) return;
    const isSum =
      path !== undefined &&
      file.facts.every((one) => isPlain(path, { ...one, headers: withoutMd5(one.headers) }));
    const write = isSum ? writeFileWhole : writeFileAtomic;
    await write(this.#file(key), JSON.stringify(file), 0o600);
  }

  async drop(key: string): Promise<void> {
    await rm(this.#file(key), { force: true });
  }

  async #read(key: string): Promise<readonly Facts[]> {
    try {
      return (JSON.parse(await readFile(this.#file(key), "utf8")) as FactsFile).facts;
    } catch (error) {
      if (hasCode(error, "ENOENT") || error instanceof SyntaxError) return [];
      throw error;
    }
  }
}

/** One text for each blob. */
export function keyOf({ bucket, path }: BlobAddress): string {
  if (bucket.kind === "store") return JSON.stringify(["stores", bucket.name, path]);
  // A container without a name that anybody knows has no facts that anybody finds, unless its name is that of its folder.
  const container = bucket.kind === "folder" ? bucket.folder : bucket.container;
  return JSON.stringify(["artifacts", workspaceFolder(bucket.scope), container, path]);
}

function matching(all: readonly Facts[], { ino, size, mtimeNs }: BigIntStats): Facts | undefined {
  const same = all.filter((one) => one.ino === String(ino));
  const block = same.find(
    (one) => one.kind === "block" && one.sizeBytes === Number(size) && one.modifiedNs === String(mtimeNs),
  );
  if (block) return block;
  // While a piece is being added, and when that was cut short, the blob is as long as it was before.
  const whole = same.filter((one) => one.kind === "append" && one.sizeBytes <= Number(size));
  const [longest] = whole.sort((a, b) => b.sizeBytes - a.sizeBytes);
  // What came through others is not in them.
  return longest && longest.sizeBytes < Number(size)
    ? { ...longest, headers: withoutMd5(longest.headers) }
    : longest;
}

export const identityOf = (stats: BigIntStats, kind: "block" | "append") => ({
  kind,
  ino: String(stats.ino),
  sizeBytes: Number(stats.size),
  ...(kind === "block" ? { modifiedNs: String(stats.mtimeNs) } : { pieces: 0 }),
});

export const plainFacts = (stats: BigIntStats): Facts => ({
  ...identityOf(stats, "block"),
  headers: {},
  metadata: {},
});

/** What is known of a file without any facts: nothing has to be written for it. */
export const isPlain = (path: string, { kind, headers, metadata, blocks, revision }: Facts): boolean =>
  kind === "block" &&
  blocks === undefined &&
  revision === undefined &&
  Object.keys(metadata).length === 0 &&
  Object.entries(headers).every(
    ([name, value]) => value === undefined || (name === "contentType" && value === plainTypeOf(path)),
  );

export function infoOf(path: string, stats: BigIntStats, facts: Facts | undefined): BlobInfo {
  const born = stats.birthtimeMs > 0n ? stats.birthtimeMs : stats.mtimeMs;
  const sizeBytes = facts?.kind === "append" ? facts.sizeBytes : Number(stats.size);
  const version = facts?.kind === "append" ? (facts.pieces ?? 0) : stats.mtimeNs;
  return {
    path,
    kind: facts?.kind ?? "block",
    sizeBytes,
    etag: [version, sizeBytes, stats.ino, facts?.revision ?? 0].map((n) => `${n.toString(36)}`).join("-"),
    createdAt: Number(born),
    changedAt: facts?.changedAt ?? Number(stats.mtimeMs),
    headers: facts?.headers ?? {},
    metadata: facts?.metadata ?? {},
    ...(facts?.kind === "append" ? { pieces: facts.pieces ?? 0 } : {}),
  };
}
