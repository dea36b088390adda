// Stores that say what was written through them, so that live streams hear of every change, whichever API it came by.
import type { Scope } from "../domain/scope.ts";
import type { BlobAddress } from "../ports/blobStore.ts";
import type { FlowPorts } from "./ports.ts";

const RUN_CONTAINER = "dcid.";

/** The same ports, with the writes told to `news.live` once they are durable. */
export function tellNews<P extends FlowPorts>(ports: P): P {
  const { runs, metrics, tracking, artifacts, blobs } = ports;
  const { live } = ports.news;
  const files = (scope: Scope, container: string): void => {
    if (container.startsWith(RUN_CONTAINER)) live.filesChanged(scope, container.slice(RUN_CONTAINER.length));
  };
  const blobWritten = ({ bucket }: BlobAddress): void => {
    if (bucket.kind === "artifacts") files(bucket.scope, bucket.container);
  };
  return {
    ...ports,
    runs: over(runs, {
      async create(run, entry) {
        const made = await runs.create(run, entry);
        if (made.created) {
          live.runChanged(made.run.scope);
          live.lineMoved(made.run);
        }
        return made;
      },
      async apply(before, life, entries, lease) {
        const after = await runs.apply(before, life, entries, lease);
        if (after) {
          live.runChanged(after.scope);
          if (after.life.status !== before.life.status) live.lineMoved(after);
        }
        return after;
      },
      async describe(scope, runId, change, at) {
        const after = await runs.describe(scope, runId, change, at);
        live.runChanged(scope);
        return after;
      },
      async claimQueued(ask) {
        const claimed = await runs.claimQueued(ask);
        for (const { run } of claimed) live.lineMoved(run);
        return claimed;
      },
      async letGo(lease) {
        await runs.letGo(lease);
        live.anyLineMoved();
      },
    }),
    metrics: over(metrics, {
      async add(scope, runId, posts) {
        const refused = await metrics.add(scope, runId, posts);
        live.measured(scope, runId, () => posts.map(({ name }) => name));
        return refused;
      },
      async remove(scope, runId, keys) {
        await metrics.remove(scope, runId, keys);
        live.measured(scope, runId, () => (keys ?? []).map(({ name }) => name));
      },
    }),
    tracking: over(tracking, {
      async log(scope, runId, log) {
        await tracking.log(scope, runId, log);
        live.runChanged(scope);
      },
    }),
    artifacts: over(artifacts, {
      async put(scope, container, ...rest) {
        const info = await artifacts.put(scope, container, ...rest);
        files(scope, container);
        return info;
      },
      async append(scope, container, ...rest) {
        const info = await artifacts.append(scope, container, ...rest);
        files(scope, container);
        return info;
      },
      async remove(scope, container, path) {
        await artifacts.remove(scope, container, path);
        files(scope, container);
      },
    }),
    blobs: over(blobs, {
      async put(at, ...rest) {
        const info = await blobs.put(at, ...rest);
        blobWritten(at);
        return info;
      },
      async commit(at, ...rest) {
        const info = await blobs.commit(at, ...rest);
        blobWritten(at);
        return info;
      },
      async createAppend(at, ask) {
        const info = await blobs.createAppend(at, ask);
        blobWritten(at);
        return info;
      },
      async append(at, ...rest) {
        const added = await blobs.append(at, ...rest);
        blobWritten(at);
        return added;
      },
      async remove(at, ask) {
        const was = await blobs.remove(at, ask);
        if (was) blobWritten(at);
        return was;
      },
    }),
  };
}

/** The store with some of its methods replaced; it may be an object of a class, so the others are called on itself. */
const over = <T extends object>(store: T, methods: Partial<T>): T =>
  new Proxy(store, {
    get(target, name) {
      const own = Object.hasOwn(methods, name) ? methods[name as keyof T] : undefined;
      const found: unknown = own ?? Reflect.get(target, name, target);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
