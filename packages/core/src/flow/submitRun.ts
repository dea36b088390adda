// Takes a run in: definition checked, project kept, record and place in the queue written in one transaction.

import { abilityFaults } from "../domain/definition/abilities.ts";
import { runTarget } from "../domain/definition/containerAsk.ts";
import { parseDefinition } from "../domain/definition/parseDefinition.ts";
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { environmentAsk } from "../domain/environment/environment.ts";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { TargetSettings } from "../domain/launch/launchPlan.ts";
import { type Needs, needsOf } from "../domain/queue/needs.ts";
import type { Run } from "../domain/run/run.ts";
import type { Snapshot } from "../ports/snapshotStore.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import { checkData, usesOf } from "./dataPlaces.ts";
import { putLock } from "./environmentLock.ts";
import { fillEnvironment } from "./environments.ts";
import type { SubmitRun } from "./flow.ts";
import { makeRun, runIdFor } from "./makeRun.ts";
import type { FlowPorts } from "./ports.ts";
import { projectReader } from "./projectReader.ts";
import { mayMakeChild } from "./reachRun.ts";
import { describeTargets } from "./targets.ts";

export type SubmitPorts = Pick<
  FlowPorts,
  | "runs"
  | "workspaces"
  | "snapshots"
  | "environments"
  | "environmentRegistry"
  | "artifacts"
  | "data"
  | "datastores"
  | "secretBox"
  | "targets"
  | "clock"
  | "ids"
  | "news"
  | "settings"
>;

/** The longest that whoever makes environments may think about a definition before the run is queued. */
const CHECK_MS = 30_000;

/** The longest that a target may take to tell whether it is usable and what it can do. */
const ASK_MS = 10_000;

/** Everything impossible is refused here, before the run exists: target, snapshot, script, interpreter, parent. */
export async function submitRun(ask: SubmitRun, ports: SubmitPorts): Promise<Run> {
  await allowWorkspace(ask.scope, ports);
  const {
    definition: parsed,
    sent,
    registryPassword,
  } = parseDefinition(await fillEnvironment(ask.scope, ask.definition, ports), ask.only);
  const definition: WholeDefinition = ask.rerunOf ? { ...parsed, rerunOf: ask.rerunOf.runId } : parsed;
  const target = runTarget(definition, await usableTarget(definition.configuration.target, ports));
  const needs = await allowOnTarget(definition, target, ports);
  const parent = await parentOf(ask, definition, ports);
  const snapshot = await snapshotOf(ask, definition, ports);
  await checkScript(snapshot, definition, ports);
  const away = ports.targets.isAway(target);
  const environment = environmentAsk(definition, target, away);
  await ports.environments.check(
    {
      ...environment,
      ...(ask.rerunOf?.lock === undefined ? {} : { lock: ask.rerunOf.lock }),
      ...projectReader(snapshot, ports),
    },
    AbortSignal.timeout(CHECK_MS),
  );

  const id = runIdFor(ask, ports);
  await checkData(ask.scope, usesOf(definition, id), { inContainer: environment.container, away }, ports);

  const run = makeRun(
    { ask, id, definition, sent, snapshotId: snapshot?.id, target, needs, origin: "hosted" },
    ports,
  );
  const sealedPassword =
    registryPassword === undefined ? ask.rerunOf?.sealedPassword : ports.secretBox.seal(registryPassword);
  // Before the run is there: whoever takes it finds its lock. Without the run, the file belongs to nobody and is overwritten.
  const lock = ask.rerunOf?.lock;
  if (lock !== undefined && !(await ports.runs.get(ask.scope, id))) await putLock(run, lock, ports);
  const created = await ports.runs.create(
    {
      ...run,
      ...(sealedPassword === undefined ? {} : { sealedPassword }),
      ...(parent ? { parentRunId: parent.id } : {}),
    },
    { at: run.createdAt, event: "submitted", status: run.life.status, actor: ask.by.name },
  );
  if (created.created) ports.news.queueMoved();
  return created.run;
}

export async function isPrepared(ask: SubmitRun, ports: SubmitPorts): Promise<boolean> {
  const filled = await fillEnvironment(ask.scope, ask.definition, ports);
  const { definition } = parseDefinition(filled, "prepare");
  const target = runTarget(definition, await usableTarget(definition.configuration.target, ports));
  const snapshot = await snapshotOf(ask, definition, ports);
  return ports.environments.has(
    {
      ...environmentAsk(definition, target, ports.targets.isAway(target)),
      ...projectReader(snapshot, ports),
    },
    AbortSignal.timeout(CHECK_MS),
  );
}

/** The target of that name, if it is there and usable now. */
async function usableTarget(name: string, { targets }: Pick<FlowPorts, "targets">): Promise<TargetSettings> {
  const target = targets.find(name);
  if (!target) {
    const known = await describeTargets({ targets });
    throw new MalachiteError(
      "UnknownTarget",
      `There is no compute target '${name}'. There are: ${known}. Start the service with --target ${name}=process to run it on this machine.`,
      { target: "configuration.target" },
    );
  }
  const health = await targets.driver(target.kind).check(target, AbortSignal.timeout(ASK_MS));
  if (!health.usable)
    throw new MalachiteError(
      "EngineUnavailable",
      `The compute target '${name}' cannot run anything now: ${health.reason}`,
      { target: "configuration.target" },
    );
  return target;
}

/** What the run will take of its target. Throws TargetTooSmall, UnsupportedField for what this target can never do, with the targets that there are. */
async function allowOnTarget(
  definition: WholeDefinition,
  target: TargetSettings,
  ports: Pick<FlowPorts, "targets">,
): Promise<Needs> {
  const abilities = await ports.targets.abilities(target, AbortSignal.timeout(ASK_MS));
  const [first, ...more] = abilityFaults(definition, target, abilities);
  if (!first) {
    const needs = needsOf(definition, { byDefault: abilities.gpusPerRun, all: abilities.gpus, target });
    const isCounted = ports.targets.capacity(target.pool).gpus !== undefined;
    return abilities.enginesGpus && !isCounted ? { ...needs, gpus: 0, engineGpus: needs.gpus } : needs;
  }
  const others = first.code === "TargetTooSmall" ? ` There are: ${await describeTargets(ports)}.` : "";
  throw new MalachiteError(first.code, `${first.target}: ${first.message}${others}`, {
    target: first.target,
    details: [first, ...more],
  });
}

/** The parent must be there: a child of nothing would be lost from every list. Throws NotAllowed for a parent out of reach. */
export async function parentOf(
  { scope, by }: Pick<SubmitRun, "scope" | "by">,
  definition: WholeDefinition,
  { runs }: Pick<FlowPorts, "runs">,
): Promise<Run | undefined> {
  await mayMakeChild(by, scope, definition.parentRunId, { runs });
  if (!definition.parentRunId) return undefined;
  const parent = await runs.get(scope, definition.parentRunId);
  if (parent) return parent;
  throw new MalachiteError(
    "InvalidDefinition",
    `The parent run '${definition.parentRunId}' is not in this workspace.`,
    {
      target: "parentRunId",
      details: [
        { target: "parentRunId", message: `There is no run '${definition.parentRunId}' in this workspace.` },
      ],
    },
  );
}

/** The project that came with the request, or the earlier one that the definition names; a command may do without one. */
export async function snapshotOf(
  ask: Pick<SubmitRun, "scope" | "project">,
  definition: WholeDefinition,
  { snapshots }: Pick<FlowPorts, "snapshots">,
): Promise<Snapshot | undefined> {
  if (ask.project) return snapshots.keepZip(ask.scope, ask.project);
  const id = definition.snapshotId;
  if (!id && (definition.configuration.command !== undefined || definition.prepareOnly)) return undefined;
  if (!id) {
    throw new MalachiteError(
      "InvalidDefinition",
      "snapshotId is required for a script: the project does not come with this request. Send a project with startrun first; in the v1 SDK, leave history.snapshot_project on.",
      {
        target: "snapshotId",
        details: [{ target: "snapshotId", message: "'snapshotId' is required and was not given." }],
      },
    );
  }
  const found = await snapshots.get(ask.scope, id);
  if (!found)
    throw new MalachiteError(
      "SnapshotNotFound",
      `There is no snapshot '${id}' in this workspace. Send the project with startrun.`,
      { target: "snapshotId" },
    );
  return found;
}

/** A script that is not in the project would only fail later. */
export async function checkScript(
  snapshot: Snapshot | undefined,
  definition: WholeDefinition,
  { snapshots }: Pick<FlowPorts, "snapshots">,
): Promise<void> {
  const { script } = definition.configuration;
  if (snapshot === undefined || script === "") return;
  if (await snapshots.find(snapshot.tree, script)) return;
  throw new MalachiteError(
    "ScriptNotFound",
    `The project has no file '${script}' (it has ${snapshot.files} files). Give the path of the script relative to the project folder.`,
    { target: "configuration.script" },
  );
}
