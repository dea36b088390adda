// The run folder of the scripted engine: files that are values.
import { type Clock, MalachiteError, type RunFolder } from "@malachite/core";

const LOOK_EVERY_MS = 250;

/** `files` is asked anew at each call: what is there depends on the time. */
export function scriptedFolder(files: () => ReadonlyMap<string, Uint8Array>, clock: Clock): RunFolder {
  return {
    async *list(under) {
      const prefix = under === "" ? "" : `${under.replace(/\/+$/, "")}/`;
      for (const [path, { length }] of files()) {
        if (path.startsWith(prefix)) yield { path, sizeBytes: length };
      }
    },
    async *read(path, from = 0) {
      const content = files().get(path);
      if (content === undefined) {
        throw new MalachiteError("ArtifactNotFound", `The run has no file ${path}.`, { target: path });
      }
      if (from < content.length) yield content.subarray(from);
    },
    size: async (path) => files().get(path)?.length,
    async *changes(path, signal) {
      for (let last = -2; !signal.aborted; await clock.sleep(LOOK_EVERY_MS, signal)) {
        const size = files().get(path)?.length ?? -1;
        if (size !== last) yield;
        last = size;
      }
    },
  };
}
