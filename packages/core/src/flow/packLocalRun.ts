// A run that its user takes home: a record that others will report to, and the zip to take there.
import { containerArguments, containerPath } from "../domain/definition/containerAsk.ts";
import { parseDefinition } from "../domain/definition/parseDefinition.ts";
import { givenVariables, type WholeDefinition } from "../domain/definition/runDefinition.ts";
import { type EnvironmentDefinition, isBuilt } from "../domain/environment/environment.ts";
import { type ReadLocalBuild, readLocalBuild } from "../domain/environment/localBuild.ts";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { fillArguments } from "../domain/launch/fillArguments.ts";
import { groupShape, isSingle } from "../domain/launch/groupShape.ts";
import { LOCAL_LOG, RUN_FOLDER } from "../domain/launch/launchPlan.ts";
import { insideVariables, inviteVariables, mlflowVariables } from "../domain/launch/variables.ts";
import type { Run } from "../domain/run/run.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import { usesOf } from "./dataPlaces.ts";
import { fillEnvironment } from "./environments.ts";
import type { PackLocalRun } from "./flow.ts";
import { insideOf } from "./insideOf.ts";
import { makeRun, runIdFor } from "./makeRun.ts";
import type { FlowPorts } from "./ports.ts";
import { checkScript, parentOf } from "./submitRun.ts";

type PackPorts = Pick<
  FlowPorts,
  | "runs"
  | "workspaces"
  | "environmentRegistry"
  | "secretBox"
  | "snapshots"
  | "bundler"
  | "tokens"
  | "clock"
  | "ids"
  | "settings"
>;

/** Without a snapshot the project is expected beside the bundle. A retry with the same id and content gives the same run. */
export async function packLocalRun(
  ask: PackLocalRun,
  ports: PackPorts,
): Promise<{ readonly run: Run; readonly zip: AsyncIterable<Uint8Array> }> {
  await allowWorkspace(ask.scope, ports);
  const { definition, sent } = parseDefinition(
    await fillEnvironment(ask.scope, ask.definition, ports),
    ask.only,
  );
  const { configuration } = definition;
  refuseGroups(definition);
  const built = buildOf(configuration.environment);
  const [data] = usesOf(definition, "");
  if (data)
    throw new MalachiteError(
      "UnsupportedField",
      `Data is not brought to a run on your own machine: ${data.property}. Submit it to a target of the service.`,
      { target: data.property },
    );
  const container = containerPath(definition, undefined) ?? containerArguments(definition)[0]?.path;
  if (container !== undefined) {
    throw new MalachiteError(
      "UnsupportedField",
      `${container}: A run on its user's own machine goes into no container. Submit it to a compute target of the service.`,
      { target: container },
    );
  }
  const parent = await parentOf(ask, definition, ports);
  const snapshot = definition.snapshotId
    ? await ports.snapshots.get(ask.scope, definition.snapshotId)
    : undefined;
  if (definition.snapshotId && !snapshot) {
    throw new MalachiteError(
      "SnapshotNotFound",
      `There is no snapshot '${definition.snapshotId}' in this workspace.`,
      { target: "snapshotId" },
    );
  }
  await checkScript(snapshot, definition, ports);

  const made = makeRun(
    {
      ask,
      id: runIdFor(ask, ports),
      definition,
      sent,
      snapshotId: snapshot?.id,
      target: undefined,
      origin: "external",
    },
    ports,
  );
  const { run } = await ports.runs.create(
    { ...made, ...(parent ? { parentRunId: parent.id } : {}) },
    { at: made.createdAt, event: "packed", status: "NotStarted", actor: ask.by.name },
  );
  const { token, expiresAt } = await ports.tokens.issue(run);
  const inside = insideOf(run, ask.serviceUrl, ports);
  const given = { ...built?.variables, ...givenVariables(configuration) };
  const variables = {
    ...inviteVariables(inside),
    ...mlflowVariables(inside, given),
    ...given,
    ...insideVariables(inside),
  };
  const zip = ports.bundler.pack({
    serviceUrl: ask.serviceUrl,
    scope: ask.scope,
    experimentName: run.experimentName,
    runId: run.id,
    dataContainerId: run.dataContainerId,
    token,
    tokenExpiresAt: expiresAt,
    snapshotId: snapshot?.id,
    script: configuration.script,
    ...(configuration.command === undefined ? {} : { command: configuration.command }),
    arguments: fillArguments(configuration.arguments, variables),
    ...(built
      ? { build: built.build }
      : { interpreterPath: configuration.environment?.python?.interpreterPath }),
    environmentVariables: variables,
    maxRunDurationSeconds: configuration.maxRunDurationSeconds,
    outputCollection: configuration.history?.outputCollection !== false,
    ...(ask.only === undefined ? {} : { only: ask.only }),
    besideProject: ask.besideProject === true,
    log: ask.besideProject ? LOCAL_LOG : RUN_FOLDER.log,
    directoriesToWatch: configuration.history?.directoriesToWatch ?? ["logs"],
  });
  return { run, zip };
}

/** What runs on its user's machine is one process of python or a shell there. Throws UnsupportedField. */
function refuseGroups({ configuration }: WholeDefinition): void {
  const { framework, communicator, nodeCount } = configuration;
  const refusal = ((): readonly [string, string] | undefined => {
    if (framework === "PySpark") return ["framework", "no spark-submit that the service knows of"];
    if (nodeCount > 1) return ["nodeCount", `one node; ${nodeCount} were asked for`];
    if (isSingle(groupShape(configuration))) return undefined;
    return communicator === "None"
      ? ["framework", `one process; ${framework} starts several`]
      : ["communicator", `one process; ${communicator} starts several`];
  })();
  if (refusal === undefined) return;
  const target = `configuration.${refusal[0]}`;
  throw new MalachiteError(
    "UnsupportedField",
    `${target}: A run on its user's own machine has ${refusal[1]}. Submit it to a compute target of the service.`,
    { target },
  );
}

/** What the machine of the user must build. Throws InvalidDefinition, UnsupportedField naming what it cannot. */
function buildOf(environment: EnvironmentDefinition = {}): ReadLocalBuild | undefined {
  if (!isBuilt(environment)) return undefined;
  const read = readLocalBuild(environment);
  const [first] = read.faults;
  if (!first) return read;
  const code = read.faults.every((one) => one.code === "UnsupportedField")
    ? "UnsupportedField"
    : "InvalidDefinition";
  throw new MalachiteError(code, `The environment cannot be built: ${first.target}: ${first.message}`, {
    target: first.target,
    details: read.faults,
  });
}
