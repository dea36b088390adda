// Unpacks an uploaded zip into the store: a project into contents and a tree, or contents alone. Runs in a worker.
import { createHash, hash } from "node:crypto";
import { closeSync, fstatSync, openSync, statfsSync } from "node:fs";
import type { malachite } from "@malachite/contract";
import { MalachiteError, type Snapshot } from "@malachite/core";
import { isSha256, type SnapshotLayout } from "../layout.ts";
import type { ArchiveLimits } from "../zip/archiveLimits.ts";
import { badEntryPath } from "../zip/badArchive.ts";
import { readEntries } from "../zip/centralDirectory.ts";
import { checkCount, checkEntries, type FileEntry } from "../zip/checkEntries.ts";
import { findDirectory } from "../zip/endRecord.ts";
import { type EntryData, openEntry, unpackPieces, unpackWhole } from "../zip/openEntry.ts";
import { type CancelFlag, stopIfCancelled } from "./cancelled.ts";
import { storeTree } from "./keepTree.ts";
import { Staging } from "./staging.ts";

export type IngestAsk = {
  readonly file: string;
  readonly layout: SnapshotLayout;
  readonly limits: ArchiveLimits;
};

/** What stays free on the disk when an archive is taken, so that records can still be written. */
const RESERVE_BYTES = 64 * 1024 * 1024;

/** Keeps a project. Durable when it resolves; a refused archive leaves nothing. */
export async function ingestProject(ask: IngestAsk, flag: CancelFlag): Promise<Snapshot> {
  return await unpack(ask, async (fd, entries, listAt, staging) => {
    const files: malachite.ProjectFile[] = [];
    let from = 0;
    for (const entry of entries) {
      stopIfCancelled(flag);
      const data = openEntry(fd, entry, from, listAt);
      from = data.end;
      const sha256 = await keep(fd, entry, data, staging, flag);
      const { path, sizeBytes } = entry;
      files.push({ path, sizeBytes, sha256, ...(entry.executable ? { executable: true } : {}) });
    }
    await staging.commit();
    return storeTree(ask.layout, files);
  });
}

/** Keeps contents, each named by its hash; answers which came. Throws ContentMismatch for the first that lies. */
export async function ingestContents(ask: IngestAsk, flag: CancelFlag): Promise<readonly string[]> {
  return await unpack(ask, async (fd, entries, listAt, staging) => {
    for (const entry of entries) {
      if (!isSha256(entry.path)) {
        throw badEntryPath(entry.name, "contents are named by their SHA-256 in 64 lower-case hex digits.");
      }
    }
    let from = 0;
    for (const entry of entries) {
      stopIfCancelled(flag);
      const data = openEntry(fd, entry, from, listAt);
      from = data.end;
      const sha256 = await keep(fd, entry, data, staging, flag);
      if (sha256 !== entry.path) {
        throw new MalachiteError(
          "ContentMismatch",
          `The content that was sent as ${entry.path} has the SHA-256 ${sha256}. Nothing of this archive was kept.`,
          { target: entry.path },
        );
      }
    }
    await staging.commit();
    return entries.map(({ path }) => path);
  });
}

/** Opens and checks the archive, and has a staging that is dropped whatever happens. */
async function unpack<T>(
  { file, layout, limits }: IngestAsk,
  work: (fd: number, entries: readonly FileEntry[], listAt: number, staging: Staging) => Promise<T>,
): Promise<T> {
  const fd = openSync(file, "r");
  try {
    const { size } = fstatSync(fd);
    const directory = findDirectory(fd, size);
    checkCount(directory, limits);
    const { files, unpackedBytes } = checkEntries(readEntries(fd, directory), size, limits);
    const staging = new Staging(layout);
    try {
      checkSpace(layout, unpackedBytes);
      return await work(fd, files, directory.offset, staging);
    } finally {
      await staging.drop();
    }
  } finally {
    closeSync(fd);
  }
}

function checkSpace(layout: SnapshotLayout, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(layout.staging);
  const free = bavail * bsize - RESERVE_BYTES;
  if (neededBytes <= free) return;
  throw new MalachiteError(
    "StorageFailed",
    `The project needs ${neededBytes} bytes unpacked, but the disk of the data folder has ${Math.max(0, free)} to give.`,
  );
}

/** Unpacks one entry into the staging unless its content is here; answers its SHA-256. */
async function keep(
  fd: number,
  entry: FileEntry,
  data: EntryData,
  staging: Staging,
  flag: CancelFlag,
): Promise<string> {
  if (!data.whole) {
    return await staging.writePieces(async (write) => {
      const digest = createHash("sha256");
      for await (const piece of unpackPieces(fd, entry, data)) {
        stopIfCancelled(flag);
        digest.update(piece);
        write(piece);
      }
      return { sha256: digest.digest("hex"), sizeBytes: entry.sizeBytes };
    });
  }
  const bytes = unpackWhole(entry, data.whole);
  const sha256 = hash("sha256", bytes, "hex");
  if (!staging.has(sha256, bytes.length)) await staging.write(sha256, bytes);
  return sha256;
}
