// Items of an archive on their way into the stores of a service: small ones side by side, large ones as a stream.
import type { malachite } from "@malachite/contract";
import { type BlobAddress, MalachiteError, type Scope } from "@malachite/core";
import type { FileStores } from "../fileStores.ts";
import type { FileItem, Item } from "./archive/items.ts";
import { bucketOf, type Keys } from "./workplaces.ts";

const AT_ONCE = 16;
const SMALL_BYTES = 256 * 1024;
const check = () => {};

export class FilesIn {
  readonly #files: FileStores;
  readonly #scope: Scope;
  readonly #keys: Keys;
  readonly #underWay = new Set<Promise<void>>();
  #failed: unknown;

  constructor(files: FileStores, scope: Scope, keys: Keys) {
    this.#files = files;
    this.#scope = scope;
    this.#keys = keys;
  }

  /** Keeps it; may be repeated. What goes wrong with an earlier one may be thrown by a later call. */
  async add(item: Item, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    const { snapshots } = this.#files;
    switch (item.is) {
      case "file":
        return await this.#small(item.sizeBytes, bytes, (all) => this.#file(item, all));
      case "content":
        return await this.#small(item.sizeBytes, bytes, (all) => snapshots.adoptContent(item.sha256, all));
      case "tree":
        await this.settled();
        return await this.#tree(item.tree, bytes);
      case "snapshot": {
        const { id, tree, hasNodes } = item;
        return await snapshots.adoptSnapshot(this.#scope, {
          id,
          tree,
          ...(hasNodes ? { nodes: bytes } : {}),
        });
      }
      case "latest":
        return await snapshots.adoptLatest(this.#scope, item.id);
    }
  }

  /** Resolves when all that was added is kept. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#failed !== undefined) throw this.#failed;
  }

  /** A small one is read here and kept beside others; its bytes are those that the archive's hash was checked with. */
  async #small(
    sizeBytes: number,
    bytes: AsyncIterable<Uint8Array>,
    keep: (all: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<void> {
    if (sizeBytes > SMALL_BYTES) return await keep(bytes);
    const pieces: Uint8Array[] = [];
    for await (const piece of bytes) pieces.push(piece);
    const one: Promise<void> = keep(streamOf(pieces))
      .catch((error) => {
        this.#failed ??= error;
      })
      .finally(() => this.#underWay.delete(one));
    this.#underWay.add(one);
    if (this.#underWay.size >= AT_ONCE) await Promise.race(this.#underWay);
  }

  async #file(item: FileItem, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { blobs } = this.#files;
    const { path, headers, metadata, kind, createdAt, changedAt } = item;
    const at: BlobAddress = { bucket: bucketOf(this.#scope, item.in, this.#keys), path };
    if (kind === "append") {
      await blobs.createAppend(at, { headers, metadata, check });
      if (item.sizeBytes > 0) await blobs.append(at, bytes, { digests: {}, check });
      else for await (const _ of bytes);
      return;
    }
    const times = { createdAt, changedAt };
    await blobs.put(at, bytes, { headers, metadata, writer: "import", digests: {}, check, times });
  }

  async #tree(tree: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const piece of bytes) pieces.push(piece);
    const lines = Buffer.concat(pieces).toString("utf8").split("\n").slice(0, -1);
    const files = lines.map((line) => JSON.parse(line) as malachite.ProjectFile);
    const made = await this.#files.snapshots.makeTree(files);
    if (made.tree !== tree)
      throw new MalachiteError("BadExport", "The archive has a project that is not what its hash says.");
  }

  /** Whether there are no files of the workspace. */
  async isEmpty(places: readonly FileItem["in"][]): Promise<boolean> {
    const { blobs, snapshots, containerFolders } = this.#files;
    for await (const folder of containerFolders.call(this.#files, this.#scope)) {
      const page = await blobs.list({ kind: "folder", scope: this.#scope, folder }, { limit: 1 });
      if (page.values.length > 0) return false;
    }
    for await (const _ of snapshots.snapshotsOf(this.#scope)) return false;
    for (const place of places) {
      const page = await blobs.list(bucketOf(this.#scope, place, this.#keys), { limit: 1 });
      if (page.values.length > 0) return false;
    }
    return true;
  }

  /** Removes the file of such an item, if it is there. */
  async remove(item: Item): Promise<void> {
    if (item.is !== "file") return;
    const at = { bucket: bucketOf(this.#scope, item.in, this.#keys), path: item.path };
    await this.#files.blobs.remove(at, { check });
  }

  forgetSnapshots(): Promise<void> {
    return this.#files.snapshots.forgetSnapshots(this.#scope);
  }
}

async function* streamOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
