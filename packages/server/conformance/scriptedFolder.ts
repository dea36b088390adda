// The run folder of the scripted engine: files that are values.
import { type Clock, type FileLook, MalachiteError, type RunFolder } from "@malachite/core";

const LOOK_EVERY_MS = 250;

/** A file of a script is the same as long as it has its name. */
const lookOf = (path: string, sizeBytes: number): FileLook => ({
  sizeBytes,
  identity: path.replace(/[^\w.-]/g, "_").slice(-60),
  etag: String(sizeBytes),
  createdAt: 0,
  changedAt: 0,
});

/** `files` is asked anew at each call: what is there depends on the time. */
export function scriptedFolder(files: () => ReadonlyMap<string, Uint8Array>, clock: Clock): RunFolder {
  return {
    async *list(under) {
      const prefix = under === "" ? "" : `${under.replace(/\/+$/, "")}/`;
      for (const [path, { length }] of files()) {
        if (path.startsWith(prefix)) yield { path, ...lookOf(path, length) };
      }
    },
    async open(path) {
      if (!files().has(path)) return undefined;
      const content = () => files().get(path) ?? new Uint8Array();
      return {
        look: async () => lookOf(path, content().length),
        async *read(from, to) {
          const part = content().subarray(from, to);
          if (part.length > 0) yield part;
        },
        [Symbol.asyncDispose]: async () => {},
      };
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
