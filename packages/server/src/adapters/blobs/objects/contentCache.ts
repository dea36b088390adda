// Contents of projects between the object storage and this machine: a folder of contents by hash, as the folder store has it, and beside
// it marks of what is surely in the storage. What is only here is never removed.
import { createHash, randomUUID } from "node:crypto";
import { lstat, mkdir, open, opendir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { malachite } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { hasCode, onStorage, orNothing, shown, writeStream } from "../../../files/index.ts";
import { eachOf } from "../../shared/eachOf.ts";
import { hashedPath, type SnapshotLayout } from "../folder/layout.ts";
import { readTree } from "../folder/treeFile.ts";
import type { Condemned } from "./condemned.ts";
import type { Objects } from "./objects.ts";
import { PART_BYTES } from "./parts.ts";

export type ProjectFile = Pick<malachite.ProjectFile, "path" | "sha256" | "sizeBytes">;
type Kind = "contents" | "trees";
/** An object of a hash. Those that were made after the first was condemned are of the sweep that they were made after. */
type Found = { readonly key: string; readonly sizeBytes: number; readonly madeAfter: number };

/** Sent or fetched at once. */
const AT_ONCE = 16;
/** From here on it is looked up first whether the storage has it: a look costs less than the bytes. */
const LOOKED_UP_BYTES = 256 * 1024;
/** So much of the limit stays when it is reached. */
const KEPT_SHARE = 0.8;
/** An object that was found may be gone when it is read: then there is another of its hash. */
const TRIES = 2;

const objectOf = (kind: Kind, sha256: string, madeAfter = 0): string =>
  `${kind}/${sha256.slice(0, 2)}/${sha256.slice(2)}${madeAfter === 0 ? "" : `~${madeAfter}`}`;

/** The hash of an object of this kind; undefined for any other. */
export const hashOf = (key: string): string | undefined =>
  /^(?:contents|trees)\/([0-9a-f]{2}\/[0-9a-f]{62})(?:~\d+)?$/.exec(key)?.[1]?.replace("/", "");

export class ContentCache {
  readonly #objects: Objects;
  readonly #condemned: Condemned;
  readonly #layout: SnapshotLayout;
  readonly #sent: string;
  readonly #fetching = new Map<string, Promise<void>>();

  constructor(objects: Objects, condemned: Condemned, layout: SnapshotLayout, sent: string) {
    this.#objects = objects;
    this.#condemned = condemned;
    this.#layout = layout;
    this.#sent = sent;
  }

  /**
   * Sends what the storage may not have of these contents; answers those that are neither here nor there. Whoever has pinned what names
   * them before he looked which sweep was the last (`turn`) can rely on the others.
   */
  async send(
    files: AsyncIterable<ProjectFile> | Iterable<ProjectFile>,
    turn: number,
    signal?: AbortSignal,
  ): Promise<readonly ProjectFile[]> {
    const missing: ProjectFile[] = [];
    await eachOf(files, AT_ONCE, signal, async (file) => {
      if (!(await this.#sendOne("contents", file.sha256, turn, file.sizeBytes))) missing.push(file);
    });
    return missing;
  }

  /** The same for the listing of a tree, which is pinned; answers the last sweep. */
  async sendTree(tree: string, signal?: AbortSignal): Promise<number> {
    for (let turn = this.#condemned.turn ?? 0; ; ) {
      if (!(await this.#sendOne("trees", tree, turn)))
        throw new MalachiteError("StorageFailed", `The listing of the project tree ${tree} is nowhere.`);
      const last = await this.#condemned.look(signal);
      if (last === turn) return turn;
      turn = last;
    }
  }

  async #sendOne(kind: Kind, hash: string, turn: number, sizeBytes?: number): Promise<boolean> {
    if (await this.#isSent(kind, hash)) return true;
    const path = hashedPath(this.#layout[kind], hash);
    const found = await lstat(path).catch(orNothing);
    if (found === undefined || found.size > LOOKED_UP_BYTES) {
      const there = await this.#find(kind, hash, { alive: true });
      if (there !== undefined && (sizeBytes === undefined || there.sizeBytes === sizeBytes)) {
        await this.#mark(kind, hash, there.madeAfter, turn);
        return true;
      }
      if (found === undefined) return false;
    }
    // No sweep that is known can have condemned an object that is made after the last of them.
    const madeAfter = this.#condemned.isDead(objectOf(kind, hash)) ? (this.#condemned.turn ?? 0) : 0;
    await this.sendFile(objectOf(kind, hash, madeAfter), path);
    await this.#mark(kind, hash, madeAfter, turn);
    return true;
  }

  /** The object of a hash. `alive`: none that was condemned. */
  async #find(kind: Kind, hash: string, { alive }: { readonly alive: boolean }): Promise<Found | undefined> {
    const first = objectOf(kind, hash);
    const isFit = (key: string) => !alive || !this.#condemned.isDead(key);
    const there = isFit(first) ? await this.#objects.head(first) : undefined;
    if (there !== undefined) return { ...there, madeAfter: 0 };
    // One that was never condemned has no second object, as far as it is known: what is missing then is sent.
    if (alive && isFit(first) && this.#condemned.reachesBackTo(0)) return undefined;
    let found: Found | undefined;
    for await (const one of this.#objects.list({ prefix: `${first}~`, pageSize: 100 }))
      if ("key" in one && isFit(one.key)) found = { ...one, madeAfter: Number(one.key.split("~")[1]) };
    return found;
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
    const turn = among.size === 0 ? 0 : await this.#condemned.look();
    await eachOf(files, AT_ONCE, undefined, async (file) => {
      const { sha256, sizeBytes, path } = file;
      if (!among.has(sha256) || looked.has(sha256)) return;
      looked.add(sha256);
      const there = await this.#find("contents", sha256, { alive: true });
      if (there === undefined) {
        await this.#unmark("contents", sha256);
        missing.add(sha256);
        return;
      }
      if (there.sizeBytes === sizeBytes) return await this.#mark("contents", sha256, there.madeAfter, turn);
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
      if (!(await this.#bring("contents", file.sha256, file))) {
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
  async *read(file: ProjectFile, from: number, to: number): AsyncGenerator<Uint8Array> {
    for (let tries = 1, began = false; ; tries += 1) {
      const there = await this.#find("contents", file.sha256, { alive: false });
      if (there?.sizeBytes !== file.sizeBytes) throw damaged(file);
      try {
        for await (const chunk of this.#objects.read(there.key, from, to)) {
          began = true;
          yield chunk;
        }
        return;
      } catch (error) {
        if (began || tries === TRIES || !isMissingNow(error)) throw error;
      }
    }
  }

  /** The files of a tree, its listing being here or in the storage; none when it is nowhere. `folder` is made for what is fetched, and removed. */
  async *filesOf(tree: string, folder: string): AsyncGenerator<malachite.ProjectFile> {
    const isHere = (await lstat(hashedPath(this.#layout.trees, tree)).catch(orNothing)) !== undefined;
    if (!isHere && !(await this.#bring("trees", tree, { folder }))) return;
    try {
      yield* readTree(isHere ? this.#layout.trees : folder, tree);
    } finally {
      if (!isHere) await rm(folder, { recursive: true, force: true });
    }
  }

  isHere = async ({ sha256, sizeBytes }: ProjectFile): Promise<boolean> =>
    (await lstat(hashedPath(this.#layout.contents, sha256)).catch(orNothing))?.size === sizeBytes;

  /** Fetches a file under its hash; false when it is not there, or not what its name says. `folder`: where else than in the cache. */
  async #bring(
    kind: Kind,
    hash: string,
    ask: { readonly sizeBytes?: number; readonly folder?: string } = {},
  ): Promise<boolean> {
    const target = hashedPath(ask.folder ?? this.#layout[kind], hash);
    const under = this.#fetching.get(target);
    if (under !== undefined) {
      await under.catch(() => undefined); // Its own caller is told; here it is looked for again.
      return (await lstat(target).catch(orNothing)) !== undefined || (await this.#bring(kind, hash, ask));
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#fetching.set(target, promise);
    try {
      for (let tries = 1; ; tries += 1) {
        const there = await this.#find(kind, hash, { alive: false });
        if (there === undefined || (ask.sizeBytes !== undefined && there.sizeBytes !== ask.sizeBytes))
          return false;
        try {
          if (!(await this.#bringFrom(there, target, kind === "contents" ? hash : undefined))) return false;
          if (ask.folder === undefined)
            await this.#mark(kind, hash, there.madeAfter, this.#condemned.turn ?? 0);
          return true;
        } catch (error) {
          if (tries === TRIES || !isMissingNow(error)) throw error;
        }
      }
    } finally {
      this.#fetching.delete(target);
      resolve();
    }
  }

  async #bringFrom(there: Found, target: string, sha256: string | undefined): Promise<boolean> {
    return await onStorage("Fetching a project", async () => {
      await mkdir(this.#layout.staging, { recursive: true });
      const temporary = join(this.#layout.staging, randomUUID());
      try {
        const found = await this.#download(there.key, there.sizeBytes, temporary);
        if (sha256 !== undefined && found !== sha256) return false;
        await mkdir(dirname(target), { recursive: true });
        await rename(temporary, target);
        return true;
      } finally {
        await rm(temporary, { force: true });
      }
    });
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

  /** Whether it was in the storage when a mark was made, and no sweep since then has condemned it, as far as was looked. */
  async #isSent(kind: Kind, hash: string): Promise<boolean> {
    const mark = await readFile(hashedPath(join(this.#sent, kind), hash), "utf8").catch(orNothing);
    if (mark === undefined) return false;
    const [turn = 0, madeAfter = 0] = mark.split(" ").map(Number);
    return this.#condemned.reachesBackTo(turn) && !this.#condemned.isDead(objectOf(kind, hash, madeAfter));
  }

  /** Says which object of the hash was found or made, after which sweep. */
  async #mark(kind: Kind, hash: string, madeAfter: number, turn: number): Promise<void> {
    const mark = hashedPath(join(this.#sent, kind), hash);
    const text = `${turn} ${madeAfter}`;
    await onStorage("Keeping a project", async () => {
      await writeFile(mark, text).catch(async (error) => {
        if (!hasCode(error, "ENOENT")) throw error;
        await mkdir(dirname(mark), { recursive: true });
        await writeFile(mark, text);
      });
    });
  }

  async #unmark(kind: Kind, hash: string): Promise<void> {
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

const isMissingNow = (error: unknown): boolean =>
  error instanceof MalachiteError && error.code === "StorageFailed";

export const damaged = (file: ProjectFile): MalachiteError =>
  new MalachiteError(
    "StorageFailed",
    `The content ${file.sha256} of ${shown(file.path)} is missing or damaged in the object storage. Send the project again.`,
    { target: file.path },
  );
