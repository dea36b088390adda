// The records of files in the object storage: read, listed, and changed one after another, whoever changes them. In this process a
// lock sees to that; between servers, the storage's conditions do.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type BlobBucket, MalachiteError } from "@malachite/core";
import { shown } from "../../../files/index.ts";
import { KeyedLock } from "../folder/keyedLock.ts";
import { isBelowFile, isFolder } from "../refusals.ts";
import { type FileRecord, parseRecord, printRecord } from "./fileRecord.ts";
import { checkKey, decodePath, encodePath, recordKey, recordsOf } from "./keys.ts";
import type { ObjectHead, Objects } from "./objects.ts";

/** A file by its bucket and path, and the key of its record. */
export type Place = { readonly bucket: BlobBucket; readonly path: string; readonly key: string };

export type ListedFile = { readonly path: string; readonly record: FileRecord } | { readonly folder: string };

/** Records that are read at once while they are listed. */
const AT_ONCE = 32;
/** Records that are remembered for the next list. */
const REMEMBERED = 20_000;
/** A record of more pieces is not remembered. */
const FEW_PIECES = 4;
/** Of a change that others were faster than. */
const TRIES = 100;
/** So long it is believed that files are in a folder, which another server may have removed. */
const FOLDER_KNOWN_MS = 30_000;

export const newName = (): string => `d${randomBytes(11).toString("hex")}`;
export const newRevision = (): string => randomBytes(9).toString("hex");

export class FileTable {
  readonly #objects: Objects;
  readonly #locks = new KeyedLock();
  /** By key; good while the storage says the same etag. Without tails. */
  readonly #remembered = new Map<string, { readonly etag: string; readonly record: FileRecord }>();
  /** Folders in which files are, by the beginning of their keys, and until when that is believed. */
  readonly #folders = new Map<string, number>();

  constructor(objects: Objects) {
    this.#objects = objects;
  }

  /** Throws BadPath for a path that is too long. */
  place(bucket: BlobBucket, path: string): Place {
    const key = recordKey(bucket, path);
    checkKey(key, path, this.#objects.longestKeyBytes);
    return { bucket, path, key };
  }

  async get({ key }: Pick<Place, "key">): Promise<FileRecord | undefined> {
    const found = await this.#objects.get(key);
    return found && parseRecord(found.bytes, key);
  }

  /**
   * Reads the record, asks `next` for the one to put in its place, and does so if nobody else was faster; else all of it again.
   * `undefined` leaves it as it is, "gone" removes it. Answers what was there and what is there now.
   */
  async change(
    place: Place,
    next: (there: FileRecord | undefined) => Promise<FileRecord | "gone" | undefined>,
  ): Promise<{ readonly before: FileRecord | undefined; readonly now: FileRecord | undefined }> {
    const { key } = place;
    return await this.#locks.run(key, async () => {
      for (let tries = 1; ; tries += 1) {
        const found = await this.#objects.get(key);
        const before = found && parseRecord(found.bytes, key);
        const now = await next(before);
        if (now === undefined) return { before, now: before };
        if (now === "gone") {
          if (found === undefined) return { before, now: undefined };
          this.#forgetFolders(key);
          if (await this.#objects.removeVersion(key, found.etag)) return { before, now: undefined };
        } else {
          if (found === undefined) await this.#checkRoom(place);
          const condition = found === undefined ? ({ ifNone: true } as const) : { ifMatch: found.etag };
          const written = await this.#objects.put(key, printRecord(now), { condition });
          // A try whose answer was lost has the same effect as one that was answered.
          const isOurs = written !== undefined || (await this.get(place))?.revision === now.revision;
          if (isOurs) {
            this.#knowFolders(key);
            return { before, now };
          }
        }
        if (tries >= TRIES)
          throw new MalachiteError(
            "StorageAway",
            `Others change ${shown(place.path)} all the time. Ask again.`,
          );
        await sleep(Math.random() * Math.min(20 * tries, 500));
      }
    });
  }

  /** A file and a folder cannot have one name: whoever has the files in a folder would have one of them only. */
  async #checkRoom({ bucket, path, key }: Place): Promise<void> {
    const root = recordsOf(bucket);
    const above: string[] = [];
    for (let slash = key.lastIndexOf("/"); slash >= root.length; slash = key.lastIndexOf("/", slash - 1)) {
      const folder = key.slice(0, slash + 1);
      if (this.#knows(folder)) break;
      above.push(key.slice(0, slash));
    }
    const inWay = above.map(async (one) => (await this.#objects.head(one)) !== undefined);
    const [inside, ...files] = await Promise.all([this.#hasAny(`${key}/`), ...inWay]);
    if (inside) throw isFolder(path);
    if (files.some((isFile) => isFile)) throw isBelowFile(path);
  }

  async #hasAny(prefix: string): Promise<boolean> {
    for await (const _ of this.#objects.list({ prefix, pageSize: 1 })) return true;
    return false;
  }

  #knows(folder: string): boolean {
    return (this.#folders.get(folder) ?? 0) > Date.now();
  }

  #knowFolders(key: string): void {
    if (this.#folders.size > REMEMBERED) this.#folders.clear();
    const until = Date.now() + FOLDER_KNOWN_MS;
    for (let slash = key.lastIndexOf("/"); slash > 0; slash = key.lastIndexOf("/", slash - 1))
      this.#folders.set(key.slice(0, slash + 1), until);
  }

  #forgetFolders(key: string): void {
    for (let slash = key.lastIndexOf("/"); slash > 0; slash = key.lastIndexOf("/", slash - 1))
      this.#folders.delete(key.slice(0, slash + 1));
  }

  /** In order of path, behind `after`; files that are removed meanwhile are passed over. Tails are not told. */
  async *list(
    bucket: BlobBucket,
    ask: {
      readonly prefix: string;
      readonly after: string | undefined;
      readonly pageSize: number;
      readonly folders?: boolean | undefined;
    },
  ): AsyncGenerator<ListedFile> {
    const root = recordsOf(bucket);
    if (CONTROL.test(ask.prefix)) return;
    const found = this.#objects.list({
      prefix: root + encodePath(ask.prefix),
      pageSize: ask.pageSize,
      ...(ask.after === undefined ? {} : { after: root + encodePath(untilControl(ask.after)) }),
      ...(ask.folders ? { folders: true } : {}),
    });
    let some: Promise<ListedFile | undefined>[] = [];
    for await (const one of found) {
      const read =
        "folder" in one
          ? Promise.resolve({ folder: decodePath(one.folder.slice(root.length)) })
          : this.#listed(root, one);
      read.catch(() => {}); // Told when it is waited for.
      some.push(read);
      if (some.length < Math.min(AT_ONCE, ask.pageSize)) continue;
      for (const listed of await Promise.all(some)) if (listed !== undefined) yield listed;
      some = [];
    }
    for (const listed of await Promise.all(some)) if (listed !== undefined) yield listed;
  }

  async #listed(root: string, { key, etag }: ObjectHead): Promise<ListedFile | undefined> {
    const path = decodePath(key.slice(root.length));
    const known = this.#remembered.get(key);
    if (known?.etag === etag) return { path, record: known.record };
    const found = await this.#objects.get(key);
    if (found === undefined) return undefined;
    const record = parseRecord(found.bytes, key);
    if (record.pieces.length > FEW_PIECES) return { path, record };
    // The bytes of the tail are let go; its length is what a list tells.
    const small: FileRecord = { ...record, tail: emptyOf(record.tail.length) };
    if (this.#remembered.size >= REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, { etag: found.etag, record: small });
    return { path, record: small };
  }
}

const CONTROL = /[\u0000-\u001f\u007f]/;

/** No path has a control character, and all that goes on behind one is larger. */
function untilControl(text: string): string {
  const at = text.search(/[\u0000-\u001f]/);
  return at < 0 ? text : text.slice(0, at);
}

const NOTHING = Buffer.alloc(64 * 1024);
const emptyOf = (length: number): Buffer =>
  length <= NOTHING.length ? NOTHING.subarray(0, length) : Buffer.alloc(length);
