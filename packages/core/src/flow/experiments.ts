// Experiments: made, found, changed, removed.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { Scope } from "../domain/scope.ts";
import type { Experiment, ExperimentChange } from "../ports/runStore.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import type { FlowPorts } from "./ports.ts";

/** By name, and by id where a client puts one in the place of a name. */
export async function experimentBy(
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
  change: ExperimentChange,
  ports: Pick<FlowPorts, "experiments" | "clock">,
): Promise<Experiment> {
  const found = await getExperiment(scope, { id }, ports);
  return ports.experiments.modify(scope, found.id, change, ports.clock.now());
}

export async function deleteExperiment(
  scope: Scope,
  id: string,
  ports: Pick<FlowPorts, "experiments">,
): Promise<void> {
  const found = await getExperiment(scope, { id }, ports);
  await ports.experiments.remove(scope, found.id);
}
