// Servers on one object storage in memory, whose requests can be held up or fail: they send and sweep projects as the store of
// snapshots does, without its threads, so that each order of their steps can be had.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Scope } from "@malachite/core";
import { hashedPath, type SnapshotLayout, snapshotLayout } from "../src/adapters/blobs/folder/layout.ts";
import { sortFiles, writeTree } from "../src/adapters/blobs/folder/treeFile.ts";
import { Condemned } from "../src/adapters/blobs/objects/condemned.ts";
import { ContentCache, hashOf } from "../src/adapters/blobs/objects/contentCache.ts";
import { createMemoryObjects, type MemoryObjects } from "../src/adapters/blobs/objects/memoryObjects.ts";
import type { Objects } from "../src/adapters/blobs/objects/objects.ts";
import { publishProject } from "../src/adapters/blobs/objects/publishProject.ts";
import { isEntry, SnapshotEntries, treeIn } from "../src/adapters/blobs/objects/snapshotEntries.ts";
import { sweepContents } from "../src/adapters/blobs/objects/sweepContents.ts";
import { sha256 } from "./snapshotFixture.ts";

export const DAY_MS = 24 * 3600_000;
const scope: Scope = { subscriptionId: "1", resourceGroup: "rg", workspace: "ws" };

/** A storage and its clock. */
export class Site {
  #ahead = 0;
  readonly now = (): number => Date.now() + this.#ahead;
  readonly objects: MemoryObjects = createMemoryObjects(this.now);

  later(ms: number): void {
    this.#ahead += ms;
  }

  /** Each snapshot that is known, and what of it is in the storage no more. */
  lost(): string[] {
    const hashes = new Map<string, Buffer>();
    for (const [key, { bytes }] of this.objects.objects) hashes.set(hashOf(key) ?? key, bytes);
    const lost: string[] = [];
    for (const [key, { bytes }] of this.objects.objects) {
      if (!key.startsWith("snapshots/") || !isEntry({ key, sizeBytes: bytes.length })) continue;
      const tree = treeIn(bytes) ?? "";
      const lines = hashes.get(tree)?.toString().split("\n").slice(1, -1);
      if (lines === undefined) lost.push(`the listing of ${key}`);
      for (const line of lines ?? [])
        if (sha256(hashes.get(line.slice(0, 64)) ?? "") !== line.slice(0, 64)) lost.push(`${line} of ${key}`);
    }
    return lost;
  }

  /** The keys of all listings and contents. */
  hashed(): string[] {
    return [...this.objects.objects.keys()].filter((key) => hashOf(key) !== undefined);
  }
}

export class Server {
  /** Called before each request of this server; what it throws is what the storage says. */
  before: (what: string, key: string) => void | Promise<void> = () => {};
  readonly #now: () => number;
  readonly #objects: Objects;
  readonly #layout: SnapshotLayout;
  readonly #condemned: Condemned;
  readonly #entries: SnapshotEntries;
  readonly contents: ContentCache;

  /** `folder`: its data, which is there after its death. `clockMs`: so much its clock is ahead of the storage's. */
  constructor({ now, objects }: Site, folder: string, clockMs = 0) {
    this.#now = () => now() + clockMs;
    this.#objects = this.#through(objects);
    this.#layout = snapshotLayout(folder);
    this.#condemned = new Condemned(this.#objects);
    this.contents = new ContentCache(this.#objects, this.#condemned, this.#layout, join(folder, "sent"));
    this.#entries = new SnapshotEntries(this.#objects, this.#now);
    mkdirSync(this.#layout.trees, { recursive: true });
  }

  #through(objects: Objects): Objects {
    const called = (what: keyof Objects, args: readonly unknown[]) => {
      const [first] = args as [string | readonly string[] | { readonly prefix: string }];
      return this.before(what, typeof first === "object" && "prefix" in first ? first.prefix : String(first));
    };
    return new Proxy(objects, {
      get: (target, name: keyof Objects) => {
        const asked = target[name] as (...args: unknown[]) => unknown;
        if (name === "list" || name === "read")
          return async function* (...args: unknown[]) {
            await called(name, args);
            yield* asked(...args) as AsyncIterable<unknown>;
          };
        return async (...args: unknown[]) => {
          await called(name, args);
          return await asked(...args);
        };
      },
    });
  }

  /** As a client sends a project: it is told what is missing, sends that, and offers again. The snapshot's id, which is known then. */
  async offer(texts: readonly string[]): Promise<string> {
    const files = sortFiles(
      texts.map((text) => ({ path: `${text}.txt`, sizeBytes: text.length, sha256: sha256(text) })),
    );
    for (let tries = 0; tries < 5; tries += 1) {
      const notHere = new Set<string>();
      for (const { sha256: hash } of files) if (!(await this.#isHere(hash))) notHere.add(hash);
      let missing: readonly string[] = await this.contents.missingOf(files, notHere);
      if (missing.length === 0) {
        const snapshot = writeTree(this.#layout.trees, files);
        const list = async function* () {
          yield* files;
        };
        const parts = { objects: this.#objects, contents: this.contents, entries: this.#entries };
        const gone = await publishProject({ scope, snapshot, files: list }, parts);
        if (gone.length === 0) return snapshot.id;
        missing = gone.map(({ sha256: hash }) => hash);
      }
      const sent = texts.filter((text) => missing.includes(sha256(text)));
      this.take(sent);
      await this.contents.send(
        files.filter(({ sha256: hash }) => missing.includes(hash)),
        await this.#condemned.look(),
      );
    }
    throw new Error("The client has given up.");
  }

  #isHere = async (hash: string): Promise<boolean> =>
    await lstat(hashedPath(this.#layout.contents, hash)).then(
      () => true,
      () => false,
    );

  /** Has the contents in the cache, as after an upload. */
  take(texts: readonly string[]): void {
    for (const text of texts) {
      const path = hashedPath(this.#layout.contents, sha256(text));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }

  /** The cache keeps nothing but its marks. */
  emptyCache(): void {
    rmSync(this.#layout.contents, { recursive: true, force: true });
  }

  isKnown = async (id: string): Promise<boolean> => (await this.#entries.use(scope, id)) !== undefined;

  /** As retention does it: what nobody used for two days ends, but for those that are named. */
  async collect(named: ReadonlySet<string> = new Set()): Promise<void> {
    const before = this.#now() - 2 * DAY_MS;
    for await (const id of this.#entries.unused(scope, before))
      if (!named.has(id)) await this.#entries.end(scope, id, before);
    await sweepContents(
      {
        objects: this.#objects,
        contents: this.contents,
        condemned: this.#condemned,
        staging: this.#layout.staging,
        now: this.#now,
      },
      before,
    );
  }
}
