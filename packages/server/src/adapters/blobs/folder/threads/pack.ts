// Packs small files of a snapshot for its zip. Runs in a worker: for thousands of files, trips through the thread pool for each
// would cost several times the packing itself.
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { crc32, deflateRawSync } from "node:zlib";
import type { malachite } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { hasCode, shown } from "../../../../files/index.ts";
import { hashedPath, type SnapshotLayout } from "../layout.ts";
import type { Packed } from "../zip/zipWriter.ts";
import { type CancelFlag, stopIfCancelled } from "./cancelled.ts";

export type PackAsk = { readonly layout: SnapshotLayout; readonly files: readonly malachite.ProjectFile[] };

/** Code and text shrink to a third at any level; a higher one only costs time. */
const LEVEL = 1;

/** The files packed, in their order. Throws StorageFailed naming a damaged content. */
export async function packFiles({ layout, files }: PackAsk, flag: CancelFlag): Promise<Packed[]> {
  return files.map((file) => {
    stopIfCancelled(flag);
    const bytes = readContent(layout, file);
    const deflated = bytes.length > 64 ? deflateRawSync(bytes, { level: LEVEL }) : bytes;
    const shorter = deflated.length < bytes.length;
    return { crc: crc32(bytes), method: shorter ? 8 : 0, bytes: shorter ? deflated : bytes };
  });
}

function readContent(layout: SnapshotLayout, file: malachite.ProjectFile): Buffer {
  try {
    const bytes = readFileSync(hashedPath(layout.contents, file.sha256));
    if (hash("sha256", bytes, "hex") === file.sha256) return bytes;
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  throw damagedContent(file);
}

/** Which file of which project is damaged in the store. */
export const damagedContent = (file: malachite.ProjectFile): MalachiteError =>
  new MalachiteError(
    "StorageFailed",
    `The content ${file.sha256} of ${shown(file.path)} is missing or damaged. Send the project again.`,
    { target: file.path },
  );
