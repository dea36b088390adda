// A new record from what was asked: its id, its fingerprint, the properties that clients look for.
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { TargetSettings } from "../domain/launch/launchPlan.ts";
import type { Needs } from "../domain/queue/needs.ts";
import type { NewRun } from "../domain/run/run.ts";
import { type JsonObject, workspaceKey } from "../domain/scope.ts";
import type { SubmitRun } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

const RUN_ID = /^[a-zA-Z0-9][\w-]{0,255}$/;

/** The id that was asked for, or `<experiment>_<unix ms>_<8 hex>` with the experiment's name made to fit the pattern. */
export function runIdFor(
  ask: Pick<SubmitRun, "runId" | "experimentName">,
  { clock, ids }: Pick<FlowPorts, "clock" | "ids">,
): string {
  if (ask.runId !== undefined) return checkedRunId(ask.runId);
  const start =
    ask.experimentName
      .replace(/[^\w-]/g, "_")
      .replace(/^[^a-zA-Z0-9]+/, "")
      .slice(0, 200) || "run";
  return `${start}_${clock.now()}_${ids.hex(4)}`;
}

/** The id itself. Throws InvalidRunId for one that the contract does not allow: no address would reach such a run. */
export function checkedRunId(id: string): string {
  if (RUN_ID.test(id)) return id;
  throw new MalachiteError(
    "InvalidRunId",
    "The run id must be 1 to 256 characters of A-Z a-z 0-9 _ -, the first a letter or digit.",
    { target: "runId" },
  );
}

export type MakeRun = {
  readonly ask: SubmitRun;
  readonly id: string;
  readonly definition: WholeDefinition;
  readonly sent: JsonObject;
  readonly snapshotId: string | undefined;
  readonly target: TargetSettings | undefined;
  /** What it takes of its pool while it is at work; absent for a run that others execute. */
  readonly needs?: Needs;
  readonly origin: NewRun["origin"];
};

export function makeRun(
  { ask, id, definition, sent, snapshotId, target, needs, origin }: MakeRun,
  { clock, ids }: Pick<FlowPorts, "clock" | "ids">,
): NewRun {
  const { configuration } = definition;
  return {
    scope: ask.scope,
    id,
    experimentName: ask.experimentName,
    origin,
    fingerprint: ids.sha256(
      JSON.stringify([
        workspaceKey(ask.scope),
        ask.experimentName,
        origin,
        snapshotId ?? null,
        sorted(ask.definition),
        ...(ask.only === undefined ? [] : [ask.only]),
        ...(ask.rerunOf === undefined ? [] : [ask.rerunOf.runId]),
      ]),
    ),
    createdAt: clock.now(),
    createdBy: { name: ask.by.name, objectId: ask.by.objectId, tenantId: ask.by.tenantId },
    target: configuration.target,
    ...(target ? { pool: target.pool } : {}),
    definition: { ...definition, ...(snapshotId ? { snapshotId } : {}) },
    sent,
    ...(snapshotId ? { snapshotId } : {}),
    dataContainerId: `dcid.${id}`,
    life: { status: "NotStarted", attempt: 0, ...(needs === undefined ? {} : { needs }) },
    about: {
      displayName: configuration.jobName ?? id,
      runType: ask.only === "prepare" ? "azureml.preparation" : "azureml.scriptrun",
      runTypeV2: {
        orchestrator: "Execution",
        traits: [],

        computeType: target?.kind ?? "local",
      },
      ...(configuration.script === "" ? {} : { scriptName: configuration.script }),
      tags: {},
      properties: {
        "_azureml.ComputeTargetType": target?.kind ?? "local",
        "azureml.runsource": definition.runType,
        ...(snapshotId ? { ContentSnapshotId: snapshotId } : {}),
        ...(ask.rerunOf === undefined ? {} : { "malachite.rerunOf": ask.rerunOf.runId }),
      },
      warnings: [],
    },
  };
}

/** The same value for the same content, whatever the order of its keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, inner]) => [key.toLowerCase(), key, sorted(inner)] as const,
  );
  return entries.sort((a, b) => (a[1] < b[1] ? -1 : 1)).map(([, key, inner]) => [key, inner]);
}
