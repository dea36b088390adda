// Experiments as MLflow's clients know them: what is archived here is deleted there, and there is always one named Default.
import { MalachiteError } from "../../domain/failure/malachiteError.ts";
import type { Page } from "../../domain/query/filter.ts";
import { parseSearch, parseSearchOrder } from "../../domain/query/mlflow/parseSearch.ts";
import { EXPERIMENT_SEARCH } from "../../domain/query/mlflow/subjects.ts";
import type { Scope } from "../../domain/scope.ts";
import type { View } from "../../domain/tracking/tracked.ts";
import type { Experiment } from "../../ports/runStore.ts";
import { allowWorkspace } from "../allowWorkspace.ts";
import type { FlowPorts } from "../ports.ts";
import { checkKey, checkName, checkText } from "./limits.ts";
import type { SearchText } from "./trackingFlow.ts";

type Ports = Pick<FlowPorts, "experiments" | "tracking" | "workspaces" | "clock" | "settings">;
type Texts = Readonly<Record<string, string>>;

/** Clients mean it by its id when they name no experiment. */
const DEFAULT = { id: "0", name: "Default" } as const;

export async function experiment(
  scope: Scope,
  by: { readonly id: string } | { readonly name: string },
  ports: Ports,
): Promise<Experiment> {
  const { experiments } = ports;
  const found = "id" in by ? await experiments.byId(scope, by.id) : await experiments.byName(scope, by.name);
  if (found) return found;
  const isDefault = "id" in by ? by.id === DEFAULT.id : by.name === DEFAULT.name;
  if (isDefault) {
    await allowWorkspace(scope, ports);
    return experiments.ensure(scope, DEFAULT.name, ports.clock.now());
  }
  throw new MalachiteError(
    "ExperimentNotFound",
    "id" in by ? `No Experiment with id=${by.id} exists` : `Could not find experiment with name '${by.name}'`,
    { target: "id" in by ? "experiment_id" : "experiment_name" },
  );
}

export async function createExperiment(
  scope: Scope,
  name: string,
  tags: Texts,
  ports: Ports,
): Promise<Experiment> {
  checkName(name);
  for (const [key, value] of Object.entries(tags)) checkTag(key, value);
  await allowWorkspace(scope, ports);
  return ports.tracking.createExperiment(scope, name, tags, ports.clock.now());
}

export async function archiveExperiment(
  scope: Scope,
  id: string,
  archive: boolean,
  ports: Ports,
): Promise<void> {
  const found = await experiment(scope, { id }, ports);
  if (archive && found.name === DEFAULT.name)
    throw new MalachiteError(
      "InvalidRequest",
      `The experiment ${DEFAULT.name} cannot be deleted: runs that name no experiment belong to it.`,
      { target: "experiment_id" },
    );
  await ports.experiments.modify(scope, found.id, { archive }, ports.clock.now());
}

export async function changeExperiment(
  scope: Scope,
  id: string,
  change: { readonly name?: string; readonly tags?: Texts; readonly removeTag?: string },
  ports: Ports,
): Promise<void> {
  const found = await experiment(scope, { id }, ports);
  requireActive(found);
  const at = ports.clock.now();
  if (change.name !== undefined) {
    checkName(change.name);
    await ports.experiments.modify(scope, found.id, { name: change.name }, at);
  }
  if (change.tags !== undefined) {
    for (const [key, value] of Object.entries(change.tags)) checkTag(key, value);
    await ports.experiments.modify(scope, found.id, { tags: { ...change.tags } }, at);
  }
  if (change.removeTag !== undefined) {
    if (!Object.hasOwn(found.tags, change.removeTag))
      throw new MalachiteError(
        "TagNotFound",
        `No tag with name: ${change.removeTag} in experiment with id ${found.id}`,
        { target: "key" },
      );
    await ports.experiments.modify(scope, found.id, { removeTags: [change.removeTag] }, at);
  }
}

function checkTag(key: string, value: string): void {
  checkKey(key, "Tag key");
  checkText(value, "Tag value");
}

/** Throws Deleted. */
export function requireActive(found: Experiment): void {
  if (found.archivedAt === undefined) return;
  throw new MalachiteError(
    "Deleted",
    `The experiment ${found.id} must be in the 'active' state. Current state is deleted.`,
    { target: "experiment_id" },
  );
}

export function searchExperiments(
  scope: Scope,
  { filter, orderBy, after, limit, view }: SearchText & { readonly view: View },
  { tracking }: Pick<FlowPorts, "tracking">,
): Promise<Page<Experiment>> {
  return tracking.searchExperiments(scope, {
    clauses: parseSearch(filter ?? "", EXPERIMENT_SEARCH),
    order: parseSearchOrder(orderBy ?? [], EXPERIMENT_SEARCH),
    ...(after === undefined ? {} : { after }),
    limit,
    view,
  });
}
