// Takes tags off a run and sets tags, in one write.
import type { Principal, Tags } from "../domain/scope.ts";
import { findRun, shown } from "./findRun.ts";
import type { RunAddress, ShownRun } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { mayChangeRun } from "./reachRun.ts";

/** A tag that is not there is off already. A tag in both is set. */
export async function modifyTags(
  address: RunAddress,
  { set, remove }: { readonly set: Tags; readonly remove: readonly string[] },
  by: Principal,
  ports: Pick<FlowPorts, "runs" | "clock" | "news">,
): Promise<ShownRun> {
  const run = await findRun(address, ports);
  await mayChangeRun(by, run.scope, run.id, ports);
  const change = { tags: set, removeTags: remove };
  const after = await ports.runs.describe(run.scope, run.id, change, ports.clock.now());
  ports.news.changed(after);
  return shown(after, ports);
}
