// Counts the files of containers that were changed: in the background, one listing each, in constant memory.
import type { Scope } from "../domain/scope.ts";
import type { FlowPorts } from "./ports.ts";

type CountPorts = Pick<FlowPorts, "kept" | "artifacts" | "settings">;

const CONTAINERS = 100;
const FILES = 1000;

/** `settle` tells of the writes that are over and answers those that are not. Until there is none left, or the signal says so. May be done by several servers at once. */
export async function countKept(
  { kept, artifacts, settings }: CountPorts,
  settle: () => Promise<ReadonlySet<string>>,
  signal: AbortSignal,
): Promise<void> {
  await kept.endLost(settings.owner, [...(await settle())]);
  while (!signal.aborted) {
    const some = await kept.uncounted(CONTAINERS);
    for (const one of some) {
      let bytes = 0;
      for await (const { sizeBytes } of filesIn(one.scope, one.container, { artifacts })) {
        signal.throwIfAborted();
        bytes += sizeBytes;
      }
      await kept.counted(one, bytes);
    }
    // Those that are changed all the time have their turn next time.
    if (some.length < CONTAINERS) return;
  }
}

/** All files of a container, in pages. */
export async function* filesIn(scope: Scope, container: string, { artifacts }: Pick<FlowPorts, "artifacts">) {
  for (let after: string | undefined; ; ) {
    const page = await artifacts.list(scope, container, {
      limit: FILES,
      ...(after === undefined ? {} : { after }),
    });
    yield* page.values;
    after = page.values.at(-1)?.path;
    if (!page.more || after === undefined) return;
  }
}
