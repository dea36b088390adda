// The two zips a client makes: contents by their hash for our own service, and the project as it is for every other one.
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import type { ReadStreamOptions } from "yazl";
import type { HashedFile } from "./projectFiles.ts";
import { ProjectError } from "./walk.ts";

const READ_BYTES = 256 * 1024;
/** A fixed time, so that the same files make the same bytes. */
const MTIME = new Date(Date.UTC(2000, 0, 1));

/** A file was not what it had been when it was hashed. */
export class FileChangedError extends ProjectError {
  constructor(path: string) {
    super(
      path,
      `'${path}' has changed while the project was sent. Stop what writes to it, or put it into .amlignore.`,
    );
  }
}

/**
 * A zip of contents whose entries are named by their SHA-256, stored as they are. Each file is checked while it is read: one
 * that has changed ends the stream with FileChangedError. `onBytes` counts the bytes of content as they go out.
 */
export function contentsZip(files: readonly HashedFile[], onBytes: (count: number) => void): Readable {
  return zipOf(files, onBytes, (file) => ({
    name: file.sha256,
    options: { compress: false, size: file.sizeBytes, mtime: MTIME, mode: 0o100644 },
  }));
}

/** The project as a zip, compressed, with the executable bits as they are. Ends as `contentsZip` does when a file changes. */
export function projectZip(files: readonly HashedFile[], onBytes: (count: number) => void): Readable {
  return zipOf(files, onBytes, (file) => ({
    name: file.path,
    options: { compress: true, mtime: MTIME, mode: file.executable ? 0o100755 : 0o100644 },
  }));
}

type Entry = { readonly name: string; readonly options: Partial<ReadStreamOptions> };

function zipOf(
  files: readonly HashedFile[],
  onBytes: (count: number) => void,
  entryOf: (file: HashedFile) => Entry,
): Readable {
  return Readable.from(
    (async function* () {
      const { ZipFile } = await loadYazl();
      const zip = new ZipFile();
      const output = zip.outputStream as Readable;
      let current: Readable | undefined;
      zip.on("error", (error: Error) => output.destroy(error));
      for (const file of files) {
        const { name, options } = entryOf(file);
        zip.addReadStreamLazy(name, options, (give) => {
          current = Readable.from(checkedBytes(file, onBytes), { objectMode: false });
          // yazl does not listen for errors of the streams it is given.
          current.on("error", (error) => output.destroy(error));
          give(null, current);
        });
      }
      zip.end();
      try {
        yield* output as AsyncIterable<Uint8Array>;
      } finally {
        // A request that was given up leaves the file it was at open otherwise.
        current?.destroy();
      }
    })(),
    { objectMode: false },
  );
}

async function loadYazl(): Promise<typeof import("yazl")> {
  const loaded = await import("yazl");
  return (loaded as { default?: typeof import("yazl") }).default ?? loaded;
}

async function* checkedBytes(file: HashedFile, onBytes: (count: number) => void): AsyncGenerator<Buffer> {
  await using handle = await open(file.source, "r").catch(() => {
    throw new FileChangedError(file.path);
  });
  const hash = createHash("sha256");
  let at = 0;
  while (at < file.sizeBytes) {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, file.sizeBytes - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new FileChangedError(file.path);
    const bytes = buffer.subarray(0, bytesRead);
    hash.update(bytes);
    at += bytesRead;
    if (at === file.sizeBytes && hash.digest("hex") !== file.sha256) throw new FileChangedError(file.path);
    onBytes(bytesRead);
    yield bytes;
  }
}
