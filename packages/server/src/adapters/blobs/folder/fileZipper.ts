// Files of runs as a zip, by the writer that snapshots have.
import type { FileZipper } from "@malachite/core";
import { storageFailed } from "../../../files/index.ts";
import { writeZip, type ZipSource } from "./zip/zipWriter.ts";

export const fileZipper: FileZipper = {
  async *zip(files) {
    async function* sources(): AsyncGenerator<ZipSource> {
      for await (const { path, sizeBytes, changedAt, bytes } of files)
        yield { path, executable: false, sizeBytes, changedAt, data: bytes };
    }
    try {
      yield* writeZip(sources());
    } catch (error) {
      throw storageFailed("Zipping files", error);
    }
  },
};
