// Contents of projects between the object storage and this machine: a folder of contents by hash, as the folder store has it, and beside
// it marks of what is surely in the storage. What is only here is never removed.
import { createHash, randomUUID } from "node:crypto";
import { lstat, mkdir, open, opendir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { malachite } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { hasCode, onStorage, orNothing, shown, writeStream } from "../../../files/index.ts";
import { eachOf } from "../../shared/eachOf.ts";
import { hashedPath, type SnapshotLayout } from "../folder/layout.ts";
import type { Objects } from "./objects.ts";
import { PART_BYTES } from "./parts.ts";

type ProjectFile = Pick<malachite.ProjectFile, "path" | "sha256" | "sizeBytes">;

/** Sent or fetched at once. */
const AT_ONCE = 16;
/** From here on it is looked up first whether the storage has it: a look costs less than the bytes. */
const LOOKED_UP_BYTES = 256 * 1024;
/** So much of the limit stays when it is reached. */
const KEPT_SHARE = 0.8;

const objectOf = (kind: "contents" | "trees", sha256: string): string =>
  `${kind}/${sha256.slice(0, 2)}/${sha256.slice(2)}`;

export class ContentCache {
  readonly #objects: Objects;
  readonly #layout: SnapshotLayout;
  readonly #sent: string;
  readonly #fetching = new Map<string, Promise<void>>();

  constructor(objects: Objects, layout: SnapshotLayout, sent: string) {
    this.#objects = objects;
    this.#layout = layout;
    this.#sent = sent;
  }

  /** Sends what the storage may not have of these contents, each of which is here or there. Throws StorageFailed for one that is nowhere. */
  async send(files: AsyncIterable<ProjectFile> | Iterable<ProjectFile>, signal?: AbortSignal): Promise<void> {
    await eachOf(files, AT_ONCE, signal, (file) => this.#sendOne(file));
  }

  async #sendOne(file: ProjectFile): Promise<void> {
    const { sha256 } = file;
    if (await this.#isSent("contents", sha256)) return;
    const key = objectOf("contents", sha256);
    const path = hashedPath(this.#layout.contents, sha256);
    const found = await lstat(path).catch(orNothing);
    if (found === undefined || found.size > LOOKED_UP_BYTES) {
      const there = await this.#objects.head(key);
      if (there?.sizeBytes === file.sizeBytes) return await this.#mark("contents", sha256);
      if (found === undefined) throw damaged(file);
    }
    await this.sendFile(key, path);
    await this.#mark("contents", sha256);
  }

  async sendTree(tree: string): Promise<void> {
    if (await this.#isSent("trees", tree)) return;
    await this.sendFile(objectOf("trees", tree), hashedPath(this.#layout.trees, tree));
    await this.#mark("trees", tree);
  }

  /** Sends a file that is whole. */
  async sendFile(key: string, path: string): Promise<void> {
    await using handle = await onStorage("Reading a snapshot", () => open(path, "r"));
    const { size: sizeBytes } = await handle.stat();
    const read = async (from: number, to: number): Promise<Buffer> => {
      const bytes = Buffer.allocUnsafe(to - from);
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, from + at);
        if (bytesRead === 0) throw new MalachiteError("StorageFailed", `${path} is shorter than it was.`);
        at += bytesRead;
      }
      return bytes;
    };
    if (sizeBytes > PART_BYTES) await this.#objects.putLarge(key, { sizeBytes, read });
    else await this.#objects.put(key, await read(0, sizeBytes), {});
  }

  /** Which of these contents, of which none is here, are not in the storage either. Throws ContentMismatch for a wrong size. */
  async missingOf(files: readonly ProjectFile[], among: ReadonlySet<string>): Promise<string[]> {
    const missing = new Set<string>();
    const looked = new Set<string>();
    await eachOf(files, AT_ONCE, undefined, async (file) => {
      const { sha256, sizeBytes, path } = file;
      if (!among.has(sha256) || looked.has(sha256)) return;
      looked.add(sha256);
      const there = await this.#objects.head(objectOf("contents", sha256));
      if (there === undefined) {
        await this.#unmark("contents", sha256);
        missing.add(sha256);
        return;
      }
      if (there.sizeBytes === sizeBytes) return await this.#mark("contents", sha256);
      throw new MalachiteError(
        "ContentMismatch",
        `${shown(path)} is said to have ${sizeBytes} bytes, but the content of its SHA-256 has ${there.sizeBytes}.`,
        { target: path },
      );
    });
    return [...among].filter((sha256) => missing.has(sha256));
  }

  /** Has the contents here, each checked. Throws StorageFailed naming one that is damaged or gone. */
  async fetch(
    files: AsyncIterable<ProjectFile> | Iterable<ProjectFile>,
    signal?: AbortSignal,
  ): Promise<void> {
    await eachOf(files, AT_ONCE, signal, async (file) => {
      const path = hashedPath(this.#layout.contents, file.sha256);
      if ((await lstat(path).catch(orNothing))?.size === file.sizeBytes) return;
      if (!(await this.#bring("contents", file.sha256, file.sizeBytes))) {
        await this.#unmark("contents", file.sha256);
        throw damaged(file);
      }
    });
  }

  /** Has the listing of a tree here; false when the storage has none. */
  async fetchTree(tree: string): Promise<boolean> {
    if ((await lstat(hashedPath(this.#layout.trees, tree)).catch(orNothing)) !== undefined) return true;
    return await this.#bring("trees", tree);
  }

  /** The bytes `from` up to but not including `to` of a content, of here or of the storage. */
  read(sha256: string, from: number, to: number): AsyncIterable<Uint8Array> {
    return this.#objects.read(objectOf("contents", sha256), from, to);
  }

  isHere = async ({ sha256, sizeBytes }: ProjectFile): Promise<boolean> =>
    (await lstat(hashedPath(this.#layout.contents, sha256)).catch(orNothing))?.size === sizeBytes;

  /** Fetches a file under its hash; false when it is not there, or not what its name says. */
  async #bring(kind: "contents" | "trees", hash: string, sizeBytes?: number): Promise<boolean> {
    const target = hashedPath(this.#layout[kind], hash);
    const under = this.#fetching.get(target);
    if (under !== undefined) {
      await under.catch(() => undefined); // Its own caller is told; here it is looked for again.
      return (
        (await lstat(target).catch(orNothing)) !== undefined || (await this.#bring(kind, hash, sizeBytes))
      );
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#fetching.set(target, promise);
    try {
      const key = objectOf(kind, hash);
      const there = await this.#objects.head(key);
      if (there === undefined || (sizeBytes !== undefined && there.sizeBytes !== sizeBytes)) return false;
      return await onStorage("Fetching a project", async () => {
        await mkdir(this.#layout.staging, { recursive: true });
        const temporary = join(this.#layout.staging, randomUUID());
        try {
          if ((await this.#download(key, there.sizeBytes, temporary)) !== hash && kind === "contents")
            return false;
          await mkdir(dirname(target), { recursive: true });
          await rename(temporary, target);
          await this.#mark(kind, hash);
          return true;
        } finally {
          await rm(temporary, { force: true });
        }
      });
    } finally {
      this.#fetching.delete(target);
      resolve();
    }
  }

  /** Not synced: should it be lost, it is fetched again. Answers the SHA-256. */
  async #download(key: string, sizeBytes: number, file: string): Promise<string> {
    await using handle = await open(file, "wx", 0o444);
    if (sizeBytes === 0) return createHash("sha256").digest("hex");
    return (await writeStream(this.#objects.read(key, 0, sizeBytes), handle)).sha256;
  }

  /**
   * Removes contents that were not used for longest until the rest is below the limit; those that are not surely in the storage stay.
   * Nobody may be using the cache meanwhile.
   */
  async shrink(limitBytes: number): Promise<void> {
    const found: {
      readonly path: string;
      readonly sha256: string;
      readonly size: number;
      readonly usedAt: number;
    }[] = [];
    let total = 0;
    for await (const { path, sha256 } of contentsIn(this.#layout.contents)) {
      const stats = await lstat(path).catch(orNothing);
      if (!stats?.isFile()) continue;
      total += stats.size;
      found.push({ path, sha256, size: stats.size, usedAt: Math.max(stats.atimeMs, stats.mtimeMs) });
    }
    if (total <= limitBytes) return;
    found.sort((a, b) => a.usedAt - b.usedAt);
    for (const { path, sha256, size } of found) {
      if (total <= limitBytes * KEPT_SHARE) return;
      if (!(await this.#isSent("contents", sha256))) continue;
      await rm(path, { force: true });
      total -= size;
    }
  }

  #isSent = async (kind: "contents" | "trees", hash: string): Promise<boolean> =>
    (await lstat(hashedPath(join(this.#sent, kind), hash)).catch(orNothing)) !== undefined;

  async #mark(kind: "contents" | "trees", hash: string): Promise<void> {
    const mark = hashedPath(join(this.#sent, kind), hash);
    await onStorage("Keeping a project", async () => {
      await writeFile(mark, "").catch(async (error) => {
        if (!hasCode(error, "ENOENT")) throw error;
        await mkdir(dirname(mark), { recursive: true });
        await writeFile(mark, "");
      });
    });
  }

  async #unmark(kind: "contents" | "trees", hash: string): Promise<void> {
    await rm(hashedPath(join(this.#sent, kind), hash), { force: true });
  }
}

async function* contentsIn(
  folder: string,
): AsyncGenerator<{ readonly path: string; readonly sha256: string }> {
  const top = await opendir(folder).catch(orNothing);
  if (top === undefined) return;
  for await (const first of top) {
    if (!/^[0-9a-f]{2}$/.test(first.name)) continue;
    const inner = await opendir(join(folder, first.name)).catch(orNothing);
    if (inner === undefined) continue;
    for await (const { name } of inner)
      yield { path: join(folder, first.name, name), sha256: first.name + name };
  }
}

const damaged = (file: ProjectFile): MalachiteError =>
  new MalachiteError(
    "StorageFailed",
    `The content ${file.sha256} of ${shown(file.path)} is missing or damaged in the object storage. Send the project again.`,
    { target: file.path },
  );
