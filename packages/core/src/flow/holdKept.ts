// Stores through which others than the service itself write files of runs: held to the quotas of kept bytes, and told of before and after.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { type KeptRoom, keptText } from "../domain/queue/quotas.ts";
import type { Scope } from "../domain/scope.ts";
import type { BlobAddress } from "../ports/blobStore.ts";
import type { Container } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

type Held = Pick<FlowPorts, "artifacts" | "blobs"> & {
  /** The writes that are under way now, by their ids. */
  readonly open: ReadonlySet<string>;
};
type HoldPorts = Pick<FlowPorts, "artifacts" | "blobs" | "kept" | "ids" | "settings">;

type Bytes = AsyncIterable<Uint8Array>;
/** What a write is given: the stream to keep in place of its own. */
type Through = (stream: Bytes) => Bytes;

/** The same stores. Writes throw KeptBytesExceeded, and keep nothing then. */
export function holdKept(ports: HoldPorts): Held {
  const { artifacts, blobs, kept, ids, settings } = ports;
  const open = new Set<string>();
  const writing = async <T>(
    { scope, container }: Container,
    how: { readonly adds: boolean; readonly staged?: boolean },
    work: (through: Through) => Promise<T>,
  ): Promise<T> => {
    const write = { id: ids.uuid(), owner: settings.owner };
    let bytes = 0;
    open.add(write.id);
    try {
      const room = await kept.begins(scope, container, write);
      if (how.adds && room !== undefined && room.left <= 0) throw exceeded(room, "no more files are taken.");
      return await work(async function* (stream) {
        for await (const chunk of stream) {
          bytes += chunk.byteLength;
          if (room !== undefined && bytes > room.left)
            throw exceeded(room, "this file is too large for what is left.");
          yield chunk;
        }
      });
    } catch (error) {
      // It kept nothing; what it may have left all the same is counted.
      bytes = 0;
      throw error;
    } finally {
      // Should this fail, it is no longer under way all the same: then whoever counts ends it.
      open.delete(write.id);
      await kept.ends(scope, container, { ...write, bytes, staged: how.staged ?? false });
    }
  };
  const ofBlob = <T>(
    { bucket }: BlobAddress,
    how: { readonly adds: boolean; readonly staged?: boolean },
    work: (through: Through) => Promise<T>,
  ): Promise<T> => (bucket.kind === "artifacts" ? writing(bucket, how, work) : work((stream) => stream));
  const into = (scope: Scope, container: string) => ({ scope, container });
  return {
    open,
    artifacts: {
      put: (scope, container, path, source, options) =>
        writing(into(scope, container), { adds: true }, (through) =>
          artifacts.put(
            scope,
            container,
            path,
            "stream" in source ? { stream: through(source.stream) } : source,
            options,
          ),
        ),
      append: (scope, container, path, stream) =>
        writing(into(scope, container), { adds: true }, (through) =>
          artifacts.append(scope, container, path, through(stream)),
        ),
      remove: (scope, container, path) =>
        writing(into(scope, container), { adds: false }, () => artifacts.remove(scope, container, path)),
      get: (...ask) => artifacts.get(...ask),
      open: (...ask) => artifacts.open(...ask),
      read: (...ask) => artifacts.read(...ask),
      list: (...ask) => artifacts.list(...ask),
    },
    blobs: {
      put: (at, stream, ask) => ofBlob(at, { adds: true }, (through) => blobs.put(at, through(stream), ask)),
      stage: (at, id, stream, ask) =>
        ofBlob(at, { adds: true, staged: true }, (through) => blobs.stage(at, id, through(stream), ask)),
      // What it is made of was held when it came.
      commit: (at, blocks, ask) => ofBlob(at, { adds: false }, () => blobs.commit(at, blocks, ask)),
      createAppend: (at, ask) => ofBlob(at, { adds: true }, () => blobs.createAppend(at, ask)),
      append: (at, stream, ask) =>
        ofBlob(at, { adds: true }, (through) => blobs.append(at, through(stream), ask)),
      remove: (at, ask) => ofBlob(at, { adds: false }, () => blobs.remove(at, ask)),
      open: (at) => blobs.open(at),
      get: (at) => blobs.get(at),
      blocks: (at, ask) => blobs.blocks(at, ask),
      describe: (at, change, ask) => blobs.describe(at, change, ask),
      take: (at) => blobs.take(at),
      list: (bucket, ask) => blobs.list(bucket, ask),
    },
  };
}

const exceeded = (room: KeptRoom, what: string): MalachiteError =>
  new MalachiteError("KeptBytesExceeded", keptText(room, what));
