// Files in the object storage, as both views of them need it: the artifact store and the blob store are thin over this.
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BlobBucket, LinkHeaders } from "@malachite/core";
import { onStorage, segmentsOf } from "../../../files/index.ts";
import {
  type FileRecord,
  LONGEST_TAIL_BYTES,
  objectOf,
  type Piece,
  sizeOf,
  WHOLE_IN_RECORD_BYTES,
} from "./fileRecord.ts";
import { FileTable, newName, newRevision, type Place } from "./fileTable.ts";
import { inOrder, isFinished, isInPieces, Joins, piecesIn } from "./joins.ts";
import { dataKey } from "./keys.ts";
import { LEFTOVERS_KEPT_MS, type Leftover, Leftovers, type Note } from "./leftovers.ts";
import type { Content, Objects } from "./objects.ts";
import { bytesOf, compacted, readPieces, writePiece } from "./pieces.ts";
import { fromMemory, type Received, toFile } from "./received.ts";

/** Uploads in parts that nobody has finished for so long are given up. */
const PARTS_KEPT_MS = 24 * 3600_000;
const NO_BYTES = Buffer.alloc(0);

export type ObjectFilesOptions = {
  /** To be asked patiently. */
  readonly objects: Objects;
  /** Where notes are kept of what may be left over. */
  readonly notes: string;
  /** Where bytes are kept on their way in and out. */
  readonly incoming: string;
  /** Readers are told addresses at the storage itself; here it is noted which files are to be put into one object for that. */
  readonly links?: { readonly joins: string };
  readonly leftoversKeptMs?: number;
};

/** One version of a file; its objects stay while it is open. */
export type OpenVersion = AsyncDisposable & {
  readonly record: FileRecord;
  read(from: number, to: number): AsyncIterable<Uint8Array>;
  /** An address at the storage from which it can be read until then, where there is one. */
  link(until: number, headers: LinkHeaders): Promise<string | undefined>;
};

const namesOf = (record: FileRecord | undefined): readonly string[] => [
  ...new Set(record?.pieces.map(({ name }) => name)),
];

/** What one change of a file may leave over, noted as it goes; nothing is noted where nothing is. */
export class Trail {
  readonly written: string[] = [];
  readonly #begin: (names: readonly string[]) => Promise<Note>;
  #note: Note | undefined;

  constructor(begin: (names: readonly string[]) => Promise<Note>) {
    this.#begin = begin;
  }

  async writes(name: string): Promise<void> {
    this.written.push(name);
    await this.#add([name]);
  }

  async replaces(names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#add(names);
  }

  async #add(names: readonly string[]): Promise<void> {
    if (this.#note === undefined) this.#note = await this.#begin(names);
    else await this.#note.add(names);
  }

  /** All is named by the record, or nothing was written. */
  forget = async (): Promise<void> => this.#note?.forget();
  /** The sweep looks what of it is nobody's. */
  leave = async (): Promise<void> => this.#note?.leave();
}

export class ObjectFiles {
  readonly objects: Objects;
  readonly table: FileTable;
  readonly incoming: string;
  readonly #leftovers: Leftovers;
  readonly #joins: Joins | undefined;
  readonly #keptMs: number;

  constructor({ objects, notes, incoming, links, leftoversKeptMs = LEFTOVERS_KEPT_MS }: ObjectFilesOptions) {
    this.objects = objects;
    this.table = new FileTable(objects);
    this.incoming = incoming;
    this.#leftovers = new Leftovers(notes);
    this.#joins = links && new Joins(links.joins);
    this.#keptMs = leftoversKeptMs;
  }

  /** Throws BadPath. */
  place(bucket: BlobBucket, path: string): Place {
    segmentsOf(path);
    return this.table.place(bucket, path);
  }

  /** Says that a staged block of the file will have this object. */
  noteBlock(left: Leftover): Promise<Note> {
    return this.#leftovers.note(left);
  }

  async open(place: Place): Promise<OpenVersion | undefined> {
    const record = await this.table.get(place);
    if (record === undefined) return undefined;
    const release = this.#leftovers.hold(namesOf(record).map((name) => dataKey(place.key, name)));
    return {
      record,
      read: (from, to) => readPieces(this.objects, place.key, record, from, to),
      link: async (until, headers) => {
        if (this.#joins === undefined) return undefined;
        const name = objectOf(record);
        if (name !== undefined) return await this.objects.link(dataKey(place.key, name), until, headers);
        await this.wantOne(place, record);
        return undefined;
      },
      [Symbol.asyncDispose]: async () => release(),
    };
  }

  /**
   * Writes what was received and then has `next` say what the record is to be; the bytes are its pieces or its tail. What was there is
   * left over. Throws what `next` throws; nothing is changed then.
   */
  async replace(
    place: Place,
    received: Received,
    next: (there: FileRecord | undefined, bytes: Pick<FileRecord, "pieces" | "tail">) => FileRecord,
  ): Promise<FileRecord> {
    if (received.sizeBytes <= WHOLE_IN_RECORD_BYTES) {
      const bytes = { pieces: [], tail: await bytesOf(received) };
      return await this.change(place, (there) => next(there, bytes));
    }
    const trail = this.trail(place);
    const piece = await this.#written(place, received, trail);
    return await this.change(place, (there) => next(there, { pieces: [piece], tail: NO_BYTES }), trail);
  }

  /** Adds at the end: in the record at first, in objects when there is enough of it. `next` says what else changes. */
  async add(
    place: Place,
    received: Received,
    next: (there: FileRecord | undefined) => FileRecord,
  ): Promise<{ readonly record: FileRecord; readonly offset: number }> {
    const trail = this.trail(place);
    const isLarge = received.sizeBytes > LONGEST_TAIL_BYTES;
    const piece = isLarge ? await this.#written(place, received, trail) : undefined;
    const small = isLarge ? NO_BYTES : await bytesOf(received);
    let offset = 0;
    const record = await this.change(
      place,
      async (there) => {
        const base = next(there);
        offset = sizeOf(base);
        return await this.#added(place, base, small, piece, trail);
      },
      trail,
    );
    return { record, offset };
  }

  async #added(
    place: Place,
    base: FileRecord,
    small: Buffer,
    piece: Piece | undefined,
    trail: Trail,
  ): Promise<FileRecord> {
    const tail = Buffer.concat([base.tail, small]);
    if (piece === undefined && tail.length <= LONGEST_TAIL_BYTES) return { ...base, tail };
    const pieces = [...base.pieces];
    if (tail.length > 0) pieces.push(await this.#written(place, fromMemory(tail), trail));
    if (piece !== undefined) pieces.push(piece);
    return await compacted(this.objects, place.key, { ...base, pieces, tail: NO_BYTES }, (name) =>
      trail.writes(name),
    );
  }

  /** Notes that the file is to be in one object, where links lead to those. */
  async wantOne(place: Place, record: FileRecord): Promise<void> {
    if (!isInPieces(record)) return;
    await this.#joins?.want(place).catch(() => {}); // Then it is read through the service, and the next reader notes it.
  }

  /** Puts what was noted, and is finished, into one object each. One call at a time. */
  async joinWanted(now: number, failed: (error: unknown) => void, signal?: AbortSignal): Promise<void> {
    const work = ({ bucket, path }: Pick<Place, "bucket" | "path">) =>
      this.#join(this.place(bucket, path), now, signal);
    await this.#joins?.each(work, failed, signal);
  }

  /** False while the file may still grow. Nothing that a reader sees is another afterwards, its etag neither. */
  async #join(place: Place, now: number, signal?: AbortSignal): Promise<boolean> {
    const open = await this.open(place);
    if (open === undefined) return true;
    await using version = open;
    const { record } = version;
    if (!isInPieces(record)) return true;
    if (!isFinished(record, now)) return false;
    const trail = this.trail(place);
    const chunks = version.read(0, sizeOf(record))[Symbol.asyncIterator]();
    const written = this.#written(place, inOrder(record, chunks), trail, signal);
    const pieces = piecesIn(await written.finally(() => chunks.return?.()), record);
    try {
      await this.table.change(place, async (there) => {
        // Of a try whose answer was lost, or of another server: the revision stays, the objects do not.
        if (there?.revision !== record.revision || !isInPieces(there)) return undefined;
        await trail.replaces(namesOf(there));
        return { ...there, pieces, tail: NO_BYTES };
      });
    } finally {
      // Whoever came first, the record tells the sweep whose objects are left over.
      await trail.leave();
    }
    return true;
  }

  trail(place: Pick<Place, "key">): Trail {
    return new Trail((names) => this.#leftovers.note({ record: place.key, names }));
  }

  /**
   * Changes the record; what it named and does not name any more is left over. What was written on the trail is left over too when it
   * comes to nothing.
   */
  async change(
    place: Place,
    next: (there: FileRecord | undefined) => FileRecord | "gone" | Promise<FileRecord | "gone">,
    trail = this.trail(place),
  ): Promise<FileRecord> {
    let attempted = false;
    try {
      const { before, now } = await this.table.change(place, async (there) => {
        const wanted = await next(there);
        await trail.replaces(namesOf(there));
        attempted = true;
        return wanted === "gone" ? "gone" : { ...wanted, revision: newRevision() };
      });
      const named = new Set(namesOf(now));
      const isLeft = [...namesOf(before), ...trail.written].some((name) => !named.has(name));
      await (isLeft ? trail.leave() : trail.forget());
      return now ?? (before as FileRecord);
    } catch (error) {
      // Of a write that may have come through, the sweep finds out.
      if (attempted) await trail.leave();
      else await this.#drop(place, trail);
      throw error;
    }
  }

  /** Writes an object for the file; nothing is left of one that failed. */
  async #written(
    place: Place,
    content: Content & { readonly md5?: string },
    trail: Trail,
    signal?: AbortSignal,
  ): Promise<Piece> {
    const name = newName();
    await trail.writes(name);
    try {
      return await writePiece(this.objects, place.key, name, content, signal);
    } catch (error) {
      await this.#drop(place, trail);
      throw error;
    }
  }

  /** Removes what was written for a record that never named it. */
  async #drop(place: Place, trail: Trail): Promise<void> {
    if (trail.written.length === 0) return await trail.forget();
    try {
      await this.objects.remove(trail.written.map((name) => dataKey(place.key, name)));
      await trail.forget();
    } catch {
      await trail.leave(); // The sweep removes it; the first error is the one to tell.
    }
  }

  /** The bytes as a new file of this machine, and the file out of the storage. */
  async take(place: Place): Promise<{ readonly file: string; readonly sizeBytes: number } | undefined> {
    const open = await this.open(place);
    if (open === undefined) return undefined;
    await using version = open;
    const file = join(this.incoming, `object-${randomUUID()}`);
    await onStorage("Keeping a file", () => mkdir(this.incoming, { recursive: true, mode: 0o700 }));
    const { sizeBytes } = await toFile(version.read(0, sizeOf(version.record)), file);
    await this.remove(place, () => {});
    return { file, sizeBytes };
  }

  /** False when there was none. */
  async remove(place: Place, check: (there: FileRecord | undefined) => void): Promise<boolean> {
    let was = false;
    await this.change(place, (there) => {
      check(there);
      was = there !== undefined;
      return "gone";
    });
    return was;
  }

  /** Removes what is left over, by age. Any time. */
  async sweep(now: number): Promise<void> {
    await this.#leftovers.sweep(now - this.#keptMs, (left) => this.#clear(left));
    await this.objects.sweepParts(now - PARTS_KEPT_MS);
  }

  async #clear({ record, names, mark }: Leftover): Promise<boolean> {
    if (mark !== undefined && (await this.objects.head(mark)) !== undefined) return true;
    const named = new Set((await this.table.get({ key: record }))?.pieces.map(({ name }) => name));
    const nobodys = names.filter((name) => !named.has(name)).map((name) => dataKey(record, name));
    if (nobodys.some((key) => this.#leftovers.isHeld(key))) return false;
    await this.objects.remove(nobodys);
    return true;
  }
}
