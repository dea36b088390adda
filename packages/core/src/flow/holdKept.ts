// Stores through which others than the service itself write files of runs: held to the quotas of kept bytes, and told of before and after.
// What is told costs a transaction, so it is told once for all writes into a container between two counts.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { type KeptRoom, keptText } from "../domain/queue/quotas.ts";
import { type Scope, workspaceKey } from "../domain/scope.ts";
import type { BlobAddress } from "../ports/blobStore.ts";
import type { FileWrite } from "../ports/keptFiles.ts";
import type { Container } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

type Held = Pick<FlowPorts, "artifacts" | "blobs"> & {
  /** Tells of the writes that are over, and answers the ids of those that are not. Whoever counts does so before. */
  settle(): Promise<ReadonlySet<string>>;
};
type HoldPorts = Pick<FlowPorts, "artifacts" | "blobs" | "kept" | "ids" | "settings">;

type Bytes = AsyncIterable<Uint8Array>;
/** What a write is given: the stream to keep in place of its own. */
type Through = (stream: Bytes) => Bytes;
type How = { readonly adds: boolean; readonly staged?: boolean };

/**
 * The writes of a while into one container, told of as one: a folder of ten thousand small files is a few transactions. While it is open,
 * what is left of the quotas is known here.
 */
type Writing = Container & {
  readonly write: FileWrite;
  readonly begun: Promise<KeptRoom | undefined>;
  writers: number;
  bytes: number;
  /** Blocks alone. */
  staged: boolean;
};

/** The same stores. Writes throw KeptBytesExceeded, and keep nothing then. */
export function holdKept(ports: HoldPorts): Held {
  const { artifacts, blobs, kept, ids, settings } = ports;
  /** Those that further writes may join, by their container. */
  const joinable = new Map<string, Writing>();
  /** Until they are told to have ended. */
  const open = new Map<string, Writing>();
  const keyOf = ({ scope, container }: Container) => `${workspaceKey(scope)}\n${container}`;

  function join({ scope, container }: Container): Writing {
    const key = keyOf({ scope, container });
    const known = joinable.get(key);
    if (known !== undefined) return known;
    const write = { id: ids.uuid(), owner: settings.owner };
    const begun = kept.begins(scope, container, write);
    const writing: Writing = { scope, container, write, begun, writers: 0, bytes: 0, staged: true };
    joinable.set(key, writing);
    open.set(write.id, writing);
    begun.catch(() => retire(writing));
    return writing;
  }

  /** Nobody joins it any more. */
  function retire(writing: Writing): void {
    const key = keyOf(writing);
    if (joinable.get(key) === writing) joinable.delete(key);
  }

  async function end(writing: Writing): Promise<void> {
    const { scope, container, write, bytes, staged } = writing;
    // Should this fail, it is no longer under way all the same: then whoever counts ends it.
    open.delete(write.id);
    await kept.ends(scope, container, { ...write, bytes, staged });
  }

  const writing = async <T>(
    into: Container,
    { adds, staged = false }: How,
    work: (through: Through) => Promise<T>,
  ): Promise<T> => {
    const joined = join(into);
    let bytes = 0;
    joined.writers += 1;
    joined.staged &&= staged;
    try {
      const room = await joined.begun;
      const refuse = (what: string): never => {
        // Who asks again hears what is true then.
        retire(joined);
        throw exceeded(room as KeptRoom, what);
      };
      if (adds && room !== undefined && room.left <= joined.bytes) refuse("no more files are taken.");
      return await work(async function* (stream) {
        for await (const chunk of stream) {
          bytes += chunk.byteLength;
          joined.bytes += chunk.byteLength;
          if (room !== undefined && joined.bytes > room.left)
            refuse("this file is too large for what is left.");
          yield chunk;
        }
      });
    } catch (error) {
      // It kept nothing; what it may have left all the same is counted.
      joined.bytes -= bytes;
      throw error;
    } finally {
      joined.writers -= 1;
      if (joined.writers === 0 && joinable.get(keyOf(joined)) !== joined) await end(joined);
    }
  };
  const ofBlob = <T>(
    { bucket }: BlobAddress,
    how: How,
    work: (through: Through) => Promise<T>,
  ): Promise<T> => (bucket.kind === "artifacts" ? writing(bucket, how, work) : work((stream) => stream));
  const into = (scope: Scope, container: string) => ({ scope, container });
  return {
    async settle() {
      // A container into which somebody always writes would else never be told of.
      for (const one of [...joinable.values()]) {
        retire(one);
        if (one.writers === 0) await end(one);
      }
      return new Set(open.keys());
    },
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
