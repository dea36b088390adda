// Artifacts in an object storage: the same files as those of the blob store.
import { utimes } from "node:fs/promises";
import type {
  ArtifactInfo,
  ArtifactListAsk,
  ArtifactPage,
  ArtifactPlacer,
  ArtifactSource,
  ArtifactStore,
  BlobBucket,
  OpenFile,
  RestoredFiles,
  Scope,
} from "@malachite/core";
import { onStorage, storageFailed } from "../../../files/index.ts";
import { inPlace } from "../folder/placeFile.ts";
import { withoutMd5 } from "../md5Header.ts";
import { exists, noArtifact } from "../refusals.ts";
import { type FileRecord, sizeOf } from "./fileRecord.ts";
import { newName, type Place } from "./fileTable.ts";
import type { ObjectFiles, OpenVersion } from "./objectFiles.ts";
import { receive, receiveFile, toFile } from "./received.ts";

/** Files that are fetched at once while they are placed. */
const PLACED_AT_ONCE = 16;
const PAGE = 500;

export const createObjectArtifactStore = (files: ObjectFiles): ArtifactStore & ArtifactPlacer =>
  new ObjectArtifacts(files);

class ObjectArtifacts implements ArtifactStore, ArtifactPlacer {
  readonly #files: ObjectFiles;

  constructor(files: ObjectFiles) {
    this.#files = files;
  }

  async put(
    scope: Scope,
    container: string,
    path: string,
    source: ArtifactSource,
    { overwrite }: { readonly overwrite: boolean },
  ): Promise<ArtifactInfo> {
    const place = this.#place(scope, container, path);
    const check = (there: FileRecord | undefined): void => {
      if (there !== undefined && !overwrite) throw exists(path);
    };
    // Refused before the bytes come in; decided again when the record is written.
    if (!overwrite) check(await this.#files.table.get(place));
    const receiving =
      "takeFile" in source ? receiveFile(source.takeFile) : receive(source.stream, this.#files.incoming, {});
    await using received = await receiving.catch((error) => {
      throw "takeFile" in source ? storageFailed("Taking a file", error) : error;
    });
    const now = Date.now();
    const { createdAt, changedAt } = received.times ?? { createdAt: now, changedAt: now };
    const record = await this.#files.replace(place, received, (there, bytes) => {
      check(there);
      return { ...NEW, ...bytes, identity: newName(), createdAt, changedAt };
    });
    return infoOf(container, path, record);
  }

  async append(
    scope: Scope,
    container: string,
    path: string,
    stream: AsyncIterable<Uint8Array>,
  ): Promise<ArtifactInfo> {
    const place = this.#place(scope, container, path);
    await using received = await receive(stream, this.#files.incoming, {});
    const { record } = await this.#files.add(place, received, (there) => {
      const now = Date.now();
      if (there === undefined)
        return {
          ...NEW,
          pieces: [],
          tail: Buffer.alloc(0),
          identity: newName(),
          createdAt: now,
          changedAt: now,
        };
      if (there.kind === "append") {
        const headers = withoutMd5(there.headers);
        return { ...there, headers, changedAt: now, added: (there.added ?? 0) + 1 };
      }
      // What was said of the bytes, and the blocks they were made of, are those of another version.
      const pieces = there.pieces.map(({ block: _, ...piece }) => piece);
      return { ...there, pieces, headers: {}, metadata: {}, changedAt: now };
    });
    return infoOf(container, path, record);
  }

  async get(scope: Scope, container: string, path: string): Promise<ArtifactInfo | undefined> {
    const record = await this.#files.table.get(this.#place(scope, container, path));
    return record && infoOf(container, path, record);
  }

  async open(scope: Scope, container: string, path: string): Promise<OpenFile | undefined> {
    const version = await this.#files.open(this.#place(scope, container, path));
    return version && openFileOf(version);
  }

  async *read(
    scope: Scope,
    container: string,
    path: string,
    from = 0,
    to?: number,
  ): AsyncGenerator<Uint8Array> {
    const open = await this.#files.open(this.#place(scope, container, path));
    if (open === undefined) throw noArtifact(container, path);
    await using version = open;
    yield* version.read(from, to ?? sizeOf(version.record));
  }

  async list(scope: Scope, container: string, ask: ArtifactListAsk): Promise<ArtifactPage> {
    const { prefix = "", after, limit } = ask;
    const values: ArtifactInfo[] = [];
    for await (const one of this.#files.table.list(bucketOf(scope, container), {
      prefix,
      after,
      pageSize: limit + 1,
    })) {
      if (!("record" in one)) continue;
      if (values.length === limit) return { values, more: true };
      values.push(infoOf(container, one.path, one.record));
    }
    return { values, more: false };
  }

  async placeFiles({ scope, container, folder }: RestoredFiles, project: string, signal: AbortSignal) {
    const bucket = bucketOf(scope, container);
    let some: Promise<void>[] = [];
    for await (const one of this.#files.table.list(bucket, {
      prefix: `${folder}/`,
      after: undefined,
      pageSize: PAGE,
    })) {
      signal.throwIfAborted();
      if (!("record" in one)) continue;
      const placing = this.#placeFile(this.#files.table.place(bucket, one.path), project);
      placing.catch(() => {}); // Told when it is waited for.
      some.push(placing);
      if (some.length < PLACED_AT_ONCE) continue;
      await Promise.all(some);
      some = [];
    }
    await Promise.all(some);
  }

  /** In place of a file of that path, with the time of the kept one. Removed meanwhile: nothing. */
  async #placeFile(place: Place, project: string): Promise<void> {
    const open = await this.#files.open(place);
    if (open === undefined) return;
    await using version = open;
    await onStorage("Placing a kept file", () =>
      inPlace(project, place.path, async (target) => {
        await toFile(version.read(0, sizeOf(version.record)), target, 0o644);
        const at = version.record.changedAt / 1000;
        await utimes(target, at, at);
      }),
    );
  }

  async remove(scope: Scope, container: string, path: string): Promise<void> {
    await this.#files.remove(this.#place(scope, container, path), () => {});
  }

  #place(scope: Scope, container: string, path: string): Place {
    return this.#files.place(bucketOf(scope, container), path);
  }
}

/** What is the same of every file that is put. */
const NEW = { kind: "block", revision: "", headers: {}, metadata: {} } as const;

const bucketOf = (scope: Scope, container: string): BlobBucket => ({ kind: "artifacts", scope, container });

function infoOf(container: string, path: string, record: FileRecord): ArtifactInfo {
  const { createdAt, changedAt, revision } = record;
  return { container, path, sizeBytes: sizeOf(record), createdAt, changedAt, etag: revision };
}

function openFileOf(version: OpenVersion): OpenFile {
  const { record } = version;
  const { identity, revision, createdAt, changedAt } = record;
  const sizeBytes = sizeOf(record);
  return {
    look: async () => ({ sizeBytes, identity, etag: revision, createdAt, changedAt }),
    read: (from, to) => version.read(from, to),
    link: (until, headers) => version.link(until, headers),
    [Symbol.asyncDispose]: () => version[Symbol.asyncDispose](),
  };
}
