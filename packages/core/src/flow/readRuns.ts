// Runs and experiments as they are read: one, a list, children, story, targets.
import type { history } from "@malachite/contract";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { Page, PageAsk } from "../domain/query/filter.ts";
import type { Run, StoryEntry } from "../domain/run/run.ts";
import type { JsonObject, Principal, Scope } from "../domain/scope.ts";
import type { Experiment } from "../ports/runStore.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import { findRun, shown } from "./findRun.ts";
import type { RunAddress, ShownRun, ShownTarget } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { mayChangeRun } from "./reachRun.ts";
import { explain } from "./whyRun.ts";

export async function getRun(
  address: RunAddress,
  ports: Pick<FlowPorts, "runs" | "targets" | "clock">,
): Promise<ShownRun> {
  const run = await findRun(address, ports);
  if (run.life.status !== "NotStarted" || run.origin === "external") return shown(run, ports);
  return { ...shown(run, ports), waitsFor: (await explain(run, ports)).summary };
}

export async function listRuns(
  ask: PageAsk & { readonly scope: Scope; readonly experimentName?: string; readonly experimentId?: string },
  ports: Pick<FlowPorts, "runs" | "experiments" | "clock">,
): Promise<Page<ShownRun>> {
  const { experimentName, experimentId } = ask;
  if (experimentName !== undefined || experimentId !== undefined) {
    const found = await experimentBy(ask.scope, experimentName ?? experimentId ?? "", ports);
    if (!found) return { values: [] };
    return view(await ports.runs.list({ ...ask, experimentName: undefined, experimentId: found.id }), ports);
  }
  return view(await ports.runs.list(ask), ports);
}

export async function listChildren(
  address: RunAddress,
  ask: PageAsk,
  ports: Pick<FlowPorts, "runs" | "clock">,
): Promise<Page<ShownRun>> {
  const parent = await findRun(address, ports);
  return view(await ports.runs.list({ ...ask, scope: address.scope, parentRunId: parent.id }), ports);
}

const view = (page: Page<Run>, ports: Pick<FlowPorts, "clock">): Page<ShownRun> => ({
  ...page,
  values: page.values.map((run) => shown(run, ports)),
});

export async function deleteTags(
  address: RunAddress,
  tags: readonly string[],
  by: Principal,
  ports: Pick<FlowPorts, "runs" | "clock" | "news">,
): Promise<ShownRun> {
  const run = await findRun(address, ports);
  await mayChangeRun(by, run.scope, run.id, ports);
  const after = await ports.runs.describe(run.scope, run.id, { removeTags: tags }, ports.clock.now());
  ports.news.changed(after);
  return shown(after, ports);
}

export async function story(
  address: RunAddress,
  ports: Pick<FlowPorts, "runs">,
): Promise<readonly StoryEntry[]> {
  const run = await findRun(address, ports);
  return ports.runs.story(run.scope, run.id);
}

/** By name, and by id where a client puts one in the place of a name. */
async function experimentBy(
  scope: Scope,
  nameOrId: string,
  { experiments }: Pick<FlowPorts, "experiments">,
): Promise<Experiment | undefined> {
  return (await experiments.byName(scope, nameOrId)) ?? experiments.byId(scope, nameOrId);
}

export async function getExperiment(
  scope: Scope,
  by: { readonly name: string } | { readonly id: string },
  ports: Pick<FlowPorts, "experiments">,
): Promise<Experiment> {
  const asked = "name" in by ? by.name : by.id;
  const found = await experimentBy(scope, asked, ports);
  if (found) return found;
  throw new MalachiteError(
    "ExperimentNotFound",
    `The workspace '${scope.workspace}' has no experiment '${asked}'.`,
    { target: "experimentName" },
  );
}

export async function createExperiment(
  scope: Scope,
  name: string,
  ports: Pick<FlowPorts, "experiments" | "workspaces" | "clock" | "settings">,
): Promise<Experiment> {
  await allowWorkspace(scope, ports);
  return ports.experiments.ensure(scope, name, ports.clock.now());
}

export async function modifyExperiment(
  scope: Scope,
  id: string,
  change: history.ModifyExperiment,
  ports: Pick<FlowPorts, "experiments" | "clock">,
): Promise<Experiment> {
  const found = await getExperiment(scope, { id }, ports);
  return ports.experiments.modify(scope, found.id, change, ports.clock.now());
}

export async function listTargets({
  targets,
  runs,
}: Pick<FlowPorts, "targets" | "runs">): Promise<readonly ShownTarget[]> {
  return Promise.all(
    targets.all().map(async (target) => {
      const [health, holding, waiting] = await Promise.all([
        targets.driver(target.kind).check(target, AbortSignal.timeout(10_000)),
        runs.holding(target.pool),
        runs.waiting(target.pool),
      ]);
      const numbers = { runsAtOnce: targets.runsAtOnce(target.pool), running: holding.length, waiting };
      return {
        name: target.name,
        kind: target.kind,
        usable: health.usable,
        ...(health.usable ? {} : { reason: health.reason }),
        ...numbers,
      };
    }),
  );
}

/** Unknown properties are in the definition as they were sent: it was read, not rebuilt. */
export const shownDefinition = (run: Run): JsonObject | undefined =>
  (run.definition as JsonObject | undefined) ?? run.sent;
