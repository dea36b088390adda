// Creates a run that others execute, or changes what its users may change. The status of a run that the service executes is
// the service's own: a client that reports it is heard and changes nothing.
import { history } from "@malachite/contract";
import { isMalachiteError, MalachiteError } from "../domain/failure/malachiteError.ts";
import { report, statusWord } from "../domain/run/external.ts";
import type { Life, NewRun, Run } from "../domain/run/run.ts";
import type { JsonObject, Principal } from "../domain/scope.ts";
import type { AboutChange } from "../ports/runStore.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import { findRun, isIn, shown } from "./findRun.ts";
import type { RunAddress, ShownRun } from "./flow.ts";
import { checkedRunId } from "./makeRun.ts";
import type { FlowPorts } from "./ports.ts";
import { mayChangeRun, mayMakeChild } from "./reachRun.ts";

type PatchPorts = Pick<FlowPorts, "runs" | "experiments" | "workspaces" | "clock" | "news" | "settings">;

/** Throws RunIdTaken for a run of another experiment and for one that was removed, RunEnded for a second, different end, PropertyImmutable. */
export async function patchRun(
  address: RunAddress,
  body: history.CreateRun,
  by: Principal,
  ports: PatchPorts,
): Promise<ShownRun> {
  refuseOtherId(address, body);
  const find = () => ports.runs.get(address.scope, address.runId);
  const change = async (there: Run): Promise<ShownRun> => {
    if (!isIn(there, address)) throw taken(there);
    await mayChangeRun(by, address.scope, there.id, ports);
    return shown(await withStatus(await describe(there, body, ports), body, by, ports), ports);
  };
  const there = await find();
  if (there) return change(there);
  try {
    return shown(await withStatus(await make(address, body, by, ports), body, by, ports), ports);
  } catch (error) {
    // Somebody else has made it in between: then this is a change of it. Where nothing is there, one of that id was removed.
    const made = isMalachiteError(error) && error.code === "RunIdTaken" ? await find() : undefined;
    if (made) return change(made);
    throw error;
  }
}

/** Creates a run. Throws RunIdTaken for one that is there. */
export async function addRun(
  address: RunAddress,
  body: history.CreateRun,
  by: Principal,
  ports: PatchPorts,
): Promise<ShownRun> {
  refuseOtherId(address, body);
  return shown(await withStatus(await make(address, body, by, ports), body, by, ports), ports);
}

function refuseOtherId(address: RunAddress, body: history.CreateRun): void {
  if (body.runId === undefined || body.runId === address.runId) return;
  throw wrong("runId", `The body names the run '${body.runId}', the address '${address.runId}'.`);
}

const taken = (run: Run): MalachiteError =>
  new MalachiteError("RunIdTaken", `The run '${run.id}' belongs to the experiment '${run.experimentName}'.`, {
    target: "runId",
  });

async function describe(run: Run, body: history.CreateRun, { runs, clock, news }: PatchPorts): Promise<Run> {
  refuseFixed(run, body);
  const { target, runDefinition } = run.origin === "external" ? body : {};
  const change: AboutChange = {
    ...changeOf(body),
    ...(target === undefined ? {} : { target }),
    ...(runDefinition === undefined ? {} : { sent: runDefinition as JsonObject }),
  };
  if (Object.keys(change).length === 0) return run;
  const after = await runs.describe(run.scope, run.id, change, clock.now());
  news.changed(after);
  return after;
}

/** What is decided when a run is made: saying the same again is no mistake. */
function refuseFixed(run: Run, body: history.CreateRun): void {
  containerOf(run.id, body.dataContainerId);
  const fixed = { parentRunId: run.parentRunId, experimentId: run.experimentId };
  for (const [name, is] of Object.entries(fixed)) {
    const asked = body[name as keyof typeof fixed];
    if (asked === undefined || asked === is) continue;
    throw wrong(name, `The ${name} of the run '${run.id}' is ${is ? `'${is}'` : "empty"} and cannot change.`);
  }
  if (run.origin === "external") return;
  if (body.target !== undefined && body.target !== run.target)
    throw wrong("target", `The run '${run.id}' runs on '${run.target}': its target cannot change.`);
  if (body.runDefinition !== undefined)
    throw wrong(
      "runDefinition",
      `The run '${run.id}' was submitted with a definition, which cannot be changed.`,
    );
}

async function make(
  address: RunAddress,
  body: history.CreateRun,
  by: Principal,
  ports: PatchPorts,
): Promise<Run> {
  const id = checkedRunId(address.runId);
  await allowWorkspace(address.scope, ports);
  await mayMakeChild(by, address.scope, body.parentRunId, ports);
  const { tags, properties, removeTags, addWarnings, ...about } = changeOf(body);
  await refuseNoParent(address, body, ports);
  const at = ports.clock.now();
  const run: NewRun = {
    scope: address.scope,
    id,
    experimentName: await experimentOf(address, body, ports),
    origin: "external",
    ...(body.parentRunId === undefined ? {} : { parentRunId: body.parentRunId }),
    createdAt: at,
    createdBy: { name: by.name, objectId: by.objectId, tenantId: by.tenantId },
    target: body.target ?? "local",
    ...(body.runDefinition ? { sent: body.runDefinition as JsonObject } : {}),
    dataContainerId: containerOf(id, body.dataContainerId),
    life: { status: "NotStarted", attempt: 0 },
    about: { ...about, tags: tags ?? {}, properties: properties ?? {}, warnings: [] },
  };
  const created = await ports.runs.create(run, {
    at,
    event: "created",
    status: "NotStarted",
    actor: by.name,
  });
  return created.run;
}

/**
 * The parent must be there: a child of nothing would be lost from every list, and have no root. Its record is not read: many
 * children are made at once, and a record can be large.
 */
async function refuseNoParent(
  { scope, runId }: RunAddress,
  { parentRunId }: history.CreateRun,
  { runs }: PatchPorts,
): Promise<void> {
  if (parentRunId === undefined) return;
  if (parentRunId === runId) throw wrong("parentRunId", `The run '${runId}' cannot be the parent of itself.`);
  if (await runs.isWithin(scope, parentRunId, parentRunId)) return;
  throw wrong("parentRunId", `The parent run '${parentRunId}' is not in the workspace '${scope.workspace}'.`);
}

/** A container of the run's own. Another run's would let two runs write each other's files. */
function containerOf(runId: string, asked: string | undefined): string {
  const own = `dcid.${runId}`;
  if (asked === undefined || asked === own) return own;
  throw wrong(
    "dataContainerId",
    `The files of the run '${runId}' are kept in '${own}'; '${asked}' was asked for.`,
  );
}

/** The experiment of the address; for an address by workspace alone that of the body, else the parent's. */
async function experimentOf(
  { scope, experimentName, experimentId = undefined }: RunAddress,
  body: history.CreateRun,
  { experiments, runs }: PatchPorts,
): Promise<string> {
  if (experimentName !== undefined)
    return (
      (await experiments.byName(scope, experimentName))?.name ??
      (await experiments.byId(scope, experimentName))?.name ??
      experimentName
    );
  const asked = experimentId ?? body.experimentId;
  const found =
    asked === undefined
      ? undefined
      : ((await experiments.byId(scope, asked)) ?? (await experiments.byName(scope, asked)));
  if (found) return found.name;
  const parent =
    asked === undefined && body.parentRunId !== undefined
      ? await runs.get(scope, body.parentRunId)
      : undefined;
  if (parent) return parent.experimentName;
  throw new MalachiteError(
    "ExperimentNotFound",
    asked === undefined
      ? "A new run needs an experiment: name it in the address, by experimentId in the body, or by a parentRunId."
      : `A new run needs an experiment; '${asked}' is not one of this workspace.`,
    { target: "experimentId" },
  );
}

/** The status and the times that a client reports in a PATCH are the same news as an event. */
async function withStatus(run: Run, body: history.CreateRun, by: Principal, ports: PatchPorts): Promise<Run> {
  const { runs, clock, news } = ports;
  const status = reportedStatus(body.status);
  const startedAt = instant(body.startTimeUtc);
  const endedAt = instant(body.endTimeUtc);
  if (run.origin === "hosted" || (status ?? startedAt ?? endedAt) === undefined) return run;
  let now = run;
  for (;;) {
    const at = clock.now();
    const life =
      status === undefined
        ? now.life
        : report(now.life, { name: "status", status, at: endedAt ?? startedAt }, at);
    if (!life)
      throw new MalachiteError(
        "RunEnded",
        `The run '${run.id}' has ended as ${now.life.status} and cannot become ${status}.`,
        { target: "status" },
      );
    const timed: Life = {
      ...life,
      startedAt: startedAt ?? life.startedAt,
      endedAt: endedAt ?? life.endedAt,
    };
    if (sameLife(timed, now.life)) return now;
    const changes = timed.status !== now.life.status;
    const entry = { at, event: "reported", status: timed.status, actor: by.name };
    const after = await runs.apply(now, timed, changes ? [entry] : []);
    if (after) {
      news.changed(after);
      return after;
    }
    now = await findRun({ scope: run.scope, runId: run.id }, ports);
  }
}

const sameLife = (a: Life, b: Life): boolean =>
  a.status === b.status && a.startedAt === b.startedAt && a.endedAt === b.endedAt;

/** Throws InvalidRequest for a word that no run of others can have. */
function reportedStatus(word: string | undefined) {
  if (word === undefined) return undefined;
  const status = statusWord(word);
  if (status !== undefined) return status;
  const known = history.RUN_STATUSES.filter((name) => name !== "NotResponding").join(", ");
  throw wrong("status", `A run cannot be given the status '${word.slice(0, 60)}'. There are: ${known}.`);
}

const instant = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text);

const wrong = (target: string, message: string): MalachiteError =>
  new MalachiteError("InvalidRequest", message, { target });

/** What of a run its users may change and the service understands. */
const CHANGEABLE = [
  "name",
  "displayName",
  "description",
  "hidden",
  "runType",
  "runTypeV2",
  "scriptName",
  "createdFrom",
  "cancelUri",
  "diagnosticsUri",
  "heartbeatEnabled",
  "tags",
  "properties",
] as const satisfies readonly (keyof AboutChange & keyof history.CreateRun)[];

const KEPT = Object.keys(history.keptFields) as readonly (keyof typeof history.keptFields)[];

function changeOf(body: history.CreateRun): AboutChange {
  const given = (names: readonly (keyof history.CreateRun)[]) =>
    names.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]] as const]));
  const kept = given(KEPT);
  return {
    ...Object.fromEntries(given(CHANGEABLE)),
    ...(kept.length === 0 ? {} : { kept: Object.fromEntries(kept) }),
  };
}
