// The queue of a compute target as one workspace sees it: runs of others are counted and not named.
import type { Capacity } from "../domain/queue/line.ts";
import type { Scope } from "../domain/scope.ts";
import type { MachineFacts } from "../ports/machine.ts";
import type { QueuePage } from "../ports/runStore.ts";
import type { FlowPorts } from "./ports.ts";
import { targetNamed } from "./targets.ts";

export type QueueOfTarget = QueuePage & {
  readonly target: string;
  /** Other targets whose runs take of the same. */
  readonly sharedWith: readonly string[];
  readonly capacity: Capacity;
  /** Of targets that run on the machine of the service. */
  readonly machine?: MachineFacts;
};

/** The kinds of targets whose runs take of this machine. */
const HERE: ReadonlySet<string> = new Set(["process", "container"]);

/** Throws ComputeNotFound, BadContinuationToken. */
export async function queueOf(
  name: string,
  ask: { readonly scope: Scope; readonly after?: string; readonly limit: number },
  ports: Pick<FlowPorts, "targets" | "runs" | "machine">,
): Promise<QueueOfTarget> {
  const { targets, runs, machine } = ports;
  const target = targetNamed(name, ports);
  const capacity = targets.capacity(target.pool);
  const [page, facts] = await Promise.all([
    runs.queue({ ...ask, pool: target.pool, capacity }),
    HERE.has(target.kind) ? machine.facts() : undefined,
  ]);
  const shared = targets.all().filter(({ pool, name }) => pool === target.pool && name !== target.name);
  return {
    ...page,
    target: target.name,
    sharedWith: shared.map(({ name }) => name),
    capacity,
    ...(facts === undefined ? {} : { machine: facts }),
  };
}
