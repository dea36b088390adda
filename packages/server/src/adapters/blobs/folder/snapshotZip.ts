// A stored tree as a zip, streamed, every content verified on the way.
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { malachite } from "@malachite/contract";
import { hasCode, readRange, storageFailed } from "../../../files/index.ts";
import { hashedPath, type SnapshotLayout } from "./layout.ts";
import { damagedContent, type PackAsk } from "./threads/pack.ts";
import { readTree } from "./treeFile.ts";
import { type Packed, writeZip, type ZipSource } from "./zip/zipWriter.ts";

type ProjectFile = malachite.ProjectFile;
/** Packs a few files elsewhere, so that the event loop stays free. */
export type PackFiles = (ask: PackAsk) => Promise<readonly Packed[]>;

/** Up to this size a file is packed in one piece and its sizes stand in front of it. */
const WHOLE_BYTES = 1024 * 1024;
/** How much is packed in one go: memory for a download is a few times this. */
const BATCH_BYTES = 1024 * 1024;
const BATCH_FILES = 500;

/** Throws StorageFailed naming a damaged content; what was sent by then is no whole zip, so nobody takes it for one. */
export async function* snapshotZip(
  layout: SnapshotLayout,
  tree: string,
  pack: PackFiles,
): AsyncGenerator<Uint8Array> {
  try {
    yield* writeZip(sources(layout, tree, pack));
  } catch (error) {
    throw storageFailed("Reading a snapshot", error);
  }
}

async function* sources(layout: SnapshotLayout, tree: string, pack: PackFiles): AsyncGenerator<ZipSource> {
  let batch: ProjectFile[] = [];
  let batchBytes = 0;
  async function* flush(): AsyncGenerator<ZipSource> {
    const files = batch;
    batch = [];
    batchBytes = 0;
    const packed = files.length > 0 ? await pack({ layout, files }) : [];
    for (const [i, file] of files.entries()) yield sourceOf(file, packed[i] as Packed);
  }
  for await (const file of readTree(layout.trees, tree)) {
    if (file.sizeBytes > WHOLE_BYTES) {
      yield* flush();
      yield sourceOf(file, verified(layout, file));
      continue;
    }
    batch.push(file);
    batchBytes += file.sizeBytes;
    if (batchBytes >= BATCH_BYTES || batch.length >= BATCH_FILES) yield* flush();
  }
  yield* flush();
}

const sourceOf = ({ path, sizeBytes, executable }: ProjectFile, data: ZipSource["data"]): ZipSource => ({
  path,
  sizeBytes,
  executable: executable === true,
  data,
});

/** The bytes of a content in pieces; throws behind the last one if they are not those of its hash. */
async function* verified(layout: SnapshotLayout, file: ProjectFile): AsyncGenerator<Uint8Array> {
  const handle = await open(hashedPath(layout.contents, file.sha256), "r").catch((error) => {
    throw hasCode(error, "ENOENT") ? damagedContent(file) : error;
  });
  const digest = createHash("sha256");
  for await (const piece of readRange(handle)) {
    digest.update(piece);
    yield piece;
  }
  if (digest.digest("hex") !== file.sha256) throw damagedContent(file);
}
