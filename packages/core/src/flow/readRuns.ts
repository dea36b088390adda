// Runs as they are read: one, many, a list, children, story.
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { showDefinition } from "../domain/definition/showDefinition.ts";
import type { Page, PageAsk } from "../domain/query/filter.ts";
import type { Run, StoryEntry } from "../domain/run/run.ts";
import type { JsonObject, Scope } from "../domain/scope.ts";
import { experimentBy } from "./experiments.ts";
import { findRun, isIn, shown } from "./findRun.ts";
import type { RunAddress, ShownRun } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { explain } from "./whyRun.ts";

export async function getRun(
  address: RunAddress,
  ports: Pick<FlowPorts, "runs" | "targets" | "clock" | "settings">,
): Promise<ShownRun> {
  const run = await findRun(address, ports);
  if (run.life.status !== "NotStarted" || run.origin === "external") return shown(run, ports);
  return { ...shown(run, ports), waitsFor: (await explain(run, ports)).summary };
}

export async function getRuns(
  { scope, ...experiment }: Pick<RunAddress, "scope" | "experimentName" | "experimentId">,
  runIds: readonly string[],
  ports: Pick<FlowPorts, "runs" | "clock">,
): Promise<readonly ShownRun[]> {
  const found = await ports.runs.getMany(scope, runIds);
  return found.filter((run) => isIn(run, experiment)).map((run) => shown(run, ports));
}

export async function listRuns(
  ask: PageAsk & { readonly scope: Scope; readonly experimentName?: string; readonly experimentId?: string },
  ports: Pick<FlowPorts, "runs" | "experiments" | "clock">,
): Promise<Page<ShownRun>> {
  const { experimentName, experimentId } = ask;
  const at = ports.clock.now();
  if (experimentName !== undefined || experimentId !== undefined) {
    const found = await experimentBy(ask.scope, experimentName ?? experimentId ?? "", ports);
    if (!found) return { values: [] };
    const there = { ...ask, at, experimentName: undefined, experimentId: found.id };
    return view(await ports.runs.list(there), ports);
  }
  return view(await ports.runs.list({ ...ask, at }), ports);
}

export async function listChildren(
  address: RunAddress,
  ask: PageAsk,
  ports: Pick<FlowPorts, "runs" | "clock">,
): Promise<Page<ShownRun>> {
  const parent = await findRun(address, ports);
  const children = { ...ask, scope: address.scope, parentRunId: parent.id, at: ports.clock.now() };
  return view(await ports.runs.list(children), ports);
}

const view = (page: Page<Run>, ports: Pick<FlowPorts, "clock">): Page<ShownRun> => ({
  ...page,
  values: page.values.map((run) => shown(run, ports)),
});

export async function story(
  address: RunAddress,
  ports: Pick<FlowPorts, "runs">,
): Promise<readonly StoryEntry[]> {
  const run = await findRun(address, ports);
  return ports.runs.story(run.scope, run.id);
}

/** What a run that was submitted asked for, or what its owner says of it. */
export const shownDefinition = (run: Run): JsonObject | undefined =>
  run.definition ? showDefinition(run.definition as WholeDefinition, run.sent) : run.sent;
