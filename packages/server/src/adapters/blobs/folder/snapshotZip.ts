// A stored tree as a zip, streamed, every content verified on the way.
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { malachite } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { hasCode, readRange, shown, storageFailed } from "../../../files/index.ts";
import { hashedPath, type SnapshotLayout } from "./layout.ts";
import { readTree } from "./treeFile.ts";
import { writeZip, type ZipSource } from "./zip/zipWriter.ts";

/** Up to this size a file is packed in one piece and its sizes stand in front of it. */
const WHOLE_BYTES = 1024 * 1024;

/** Throws StorageFailed naming a damaged content; what was sent by then is no whole zip, so nobody takes it for one. */
export async function* snapshotZip(layout: SnapshotLayout, tree: string): AsyncGenerator<Uint8Array> {
  try {
    yield* writeZip(sources(layout, tree));
  } catch (error) {
    throw storageFailed("Reading a snapshot", error);
  }
}

async function* sources(layout: SnapshotLayout, tree: string): AsyncGenerator<ZipSource> {
  for await (const file of readTree(layout.trees, tree)) {
    const { path, sizeBytes } = file;
    const pieces = verified(layout, file);
    const data = sizeBytes <= WHOLE_BYTES ? await joined(pieces) : pieces;
    yield { path, sizeBytes, executable: file.executable === true, data };
  }
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

/** The bytes of a content; throws at the end, before the last piece is taken for good, if they are not those of its hash. */
async function* verified(layout: SnapshotLayout, file: malachite.ProjectFile): AsyncGenerator<Uint8Array> {
  const handle = await open(hashedPath(layout.contents, file.sha256), "r").catch((error) => {
    throw hasCode(error, "ENOENT") ? damaged(file) : error;
  });
  const digest = createHash("sha256");
  let sizeBytes = 0;
  for await (const piece of readRange(handle)) {
    sizeBytes += piece.byteLength;
    digest.update(piece);
    yield piece;
  }
  if (sizeBytes !== file.sizeBytes || digest.digest("hex") !== file.sha256) throw damaged(file);
}

const damaged = (file: malachite.ProjectFile): MalachiteError =>
  new MalachiteError(
    "StorageFailed",
    `The content ${file.sha256} of ${shown(file.path)} is missing or damaged. Send the project again.`,
    {
      target: file.path,
    },
  );
