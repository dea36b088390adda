// Creates a run that others execute, or changes what its users may change. The status of a run that the service executes is
// the service's own: a client that reports it is heard and changes nothing.
import type { history } from "@malachite/contract";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { report, statusWord } from "../domain/run/external.ts";
import type { NewRun, Run } from "../domain/run/run.ts";
import type { JsonObject, Principal } from "../domain/scope.ts";
import type { AboutChange } from "../ports/runStore.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import { isIn, shown } from "./findRun.ts";
import type { RunAddress, ShownRun } from "./flow.ts";
import { checkedRunId } from "./makeRun.ts";
import type { FlowPorts } from "./ports.ts";
import { mayChangeRun, mayMakeChild } from "./reachRun.ts";

type PatchPorts = Pick<FlowPorts, "runs" | "experiments" | "workspaces" | "clock" | "news" | "settings">;

export async function patchRun(
  address: RunAddress,
  body: history.CreateRun,
  by: Principal,
  ports: PatchPorts,
): Promise<ShownRun> {
  if (body.runId !== undefined && body.runId !== address.runId) {
    throw new MalachiteError(
      "InvalidRequest",
      `The body names the run '${body.runId}', the address '${address.runId}'.`,
      { target: "runId" },
    );
  }
  const there = await ports.runs.get(address.scope, address.runId);
  if (there && !isIn(there, address)) {
    throw new MalachiteError(
      "RunIdTaken",
      `The run '${address.runId}' belongs to the experiment '${there.experimentName}'.`,
      { target: "runId" },
    );
  }
  if (there) await mayChangeRun(by, address.scope, there.id, ports);
  const described = there ? await describe(there, body, ports) : await make(address, body, by, ports);
  return shown(await withStatus(described, body, by, ports), ports);
}

async function describe(run: Run, body: history.CreateRun, { runs, clock, news }: PatchPorts): Promise<Run> {
  const change = changeOf(body);
  if (Object.keys(change).length === 0) return run;
  const after = await runs.describe(run.scope, run.id, change, clock.now());
  news.changed(after);
  return after;
}

async function make(
  address: RunAddress,
  body: history.CreateRun,
  by: Principal,
  ports: PatchPorts,
): Promise<Run> {
  await allowWorkspace(address.scope, ports);
  await mayMakeChild(by, address.scope, body.parentRunId, ports);
  const { tags, properties, removeTags, addWarnings, ...about } = changeOf(body);
  const parent = body.parentRunId ? await ports.runs.get(address.scope, body.parentRunId) : undefined;
  const at = ports.clock.now();
  const run: NewRun = {
    scope: address.scope,
    id: checkedRunId(address.runId),
    experimentName: await experimentOf(address, parent, ports),
    origin: "external",
    ...(body.parentRunId ? { parentRunId: body.parentRunId } : {}),
    createdAt: at,
    createdBy: { name: by.name, objectId: by.objectId, tenantId: by.tenantId },
    target: body.target ?? "local",
    ...(body.runDefinition ? { sent: body.runDefinition as JsonObject } : {}),
    dataContainerId: containerOf(address.runId, body.dataContainerId),
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

/** A container of the run's own. Another run's would let two runs write each other's files. */
function containerOf(runId: string, asked: string | undefined): string {
  const own = `dcid.${runId}`;
  if (asked === undefined || asked === own) return own;
  throw new MalachiteError(
    "InvalidRequest",
    `The files of the run '${runId}' are kept in '${own}'; '${asked}' was asked for.`,
    { target: "dataContainerId" },
  );
}

async function experimentOf(
  { scope, experimentName, experimentId }: RunAddress,
  parent: Run | undefined,
  { experiments }: PatchPorts,
): Promise<string> {
  if (experimentName !== undefined)
    return (
      (await experiments.byName(scope, experimentName))?.name ??
      (await experiments.byId(scope, experimentName))?.name ??
      experimentName
    );
  const found = experimentId === undefined ? undefined : await experiments.byId(scope, experimentId);
  if (found) return found.name;
  if (parent) return parent.experimentName;
  throw new MalachiteError(
    "ExperimentNotFound",
    `A new run needs an experiment; '${experimentId ?? ""}' is not one of this workspace.`,
  );
}

/** The status a client reports in a PATCH is the same news as an event. */
async function withStatus(
  run: Run,
  body: history.CreateRun,
  by: Principal,
  { runs, clock, news }: PatchPorts,
): Promise<Run> {
  const status = body.status === undefined ? undefined : statusWord(body.status);
  if (status === undefined || run.origin === "hosted") return run;
  let now = run;
  for (;;) {
    const at = clock.now();
    const times = { startedAt: instant(body.startTimeUtc), endedAt: instant(body.endTimeUtc) };
    const life = report(now.life, { name: "status", status, at: times.endedAt ?? times.startedAt }, at);
    if (!life)
      throw new MalachiteError(
        "RunEnded",
        `The run '${run.id}' has ended as ${now.life.status} and cannot become ${status}.`,
        { target: "status" },
      );
    if (life === now.life) return now;
    const after = await runs.apply(now, { ...life, startedAt: times.startedAt ?? life.startedAt }, [
      { at, event: "reported", status: life.status, actor: by.name },
    ]);
    if (after) {
      news.changed(after);
      return after;
    }
    now = (await runs.get(run.scope, run.id)) ?? now;
  }
}

const instant = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text);

/** What of a run its users may change; the rest is the service's. */
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

const changeOf = (body: history.CreateRun): AboutChange =>
  Object.fromEntries(CHANGEABLE.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]])));
