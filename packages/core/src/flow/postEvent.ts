// Takes the events that code around a run posts: how far it is, that it lives, warnings, its error.
import { ErrorResponse, history, readWire } from "@malachite/contract";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { type Report, report } from "../domain/run/external.ts";
import type { RunStatus } from "../domain/run/next.ts";
import type { Run } from "../domain/run/run.ts";
import { isObject, type JsonObject, type Principal } from "../domain/scope.ts";
import type { AboutChange } from "../ports/runStore.ts";
import { findRun } from "./findRun.ts";
import type { RunAddress } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { mayChangeRun } from "./reachRun.ts";

type EventPorts = Pick<FlowPorts, "runs" | "clock" | "news">;

/** Names of events and the status each reports, without their prefix (digest of the contract, section 8). */
const STATUS_EVENTS: Readonly<Record<string, RunStatus>> = {
  start: "Running",
  queued: "Queued",
  completed: "Completed",
  failed: "Failed",
  canceled: "Canceled",
  cancelrequested: "CancelRequested",
};
const DEFAULT_TIME_TO_LIVE_SECONDS = 120;

/** Throws InvalidRequest for an unknown name, RunEnded for a second, different end. */
export async function postEvent(
  address: RunAddress,
  event: history.BaseEvent,
  by: Principal,
  ports: EventPorts,
): Promise<void> {
  const name = shortName(event.name);
  const data = folded(event.data);
  const run = await findRun(address, ports);
  await mayChangeRun(by, run.scope, run.id, ports);
  const status = STATUS_EVENTS[name];
  if (status !== undefined)
    return reportTo(run, { name: "status", status, at: timeOf(data, event.timestamp) }, by, ports);
  switch (name) {
    case "heartbeat":
      return reportTo(
        run,
        { name: "heartbeat", timeToLiveMs: secondsOf(data.timetoliveseconds) * 1000 },
        by,
        ports,
      );
    case "warning":
      return describe(
        run,
        { addWarnings: [{ source: String(data.source ?? ""), message: String(data.message ?? "") }] },
        ports,
      );
    case "error":
      return describe(run, { error: errorOf(data.errorresponse ?? event.data) }, ports);
    case "queueinginfo":
      return describe(
        run,
        { kept: { queueingInfo: queueingInfoOf(data.queueinginfo ?? event.data) } },
        ports,
      );
    default:
      throw new MalachiteError(
        "InvalidRequest",
        `The event '${event.name ?? ""}' is not known. Known are ${history.EVENT_PREFIX}Start, Queued, QueueingInfo, Heartbeat, Warning, Error, CancelRequested, Completed, Failed and Canceled.`,
        { target: "name" },
      );
  }
}

/** Status news of a run that the service executes is heard and changes nothing: the service knows better. */
async function reportTo(first: Run, news: Report, by: Principal, ports: EventPorts): Promise<void> {
  const { runs, clock, news: listeners } = ports;
  if (first.origin === "hosted") return;
  let run = first;
  for (;;) {
    const at = clock.now();
    const life = report(run.life, news, at);
    if (!life)
      throw new MalachiteError(
        "RunEnded",
        `The run '${run.id}' has ended as ${run.life.status}; it cannot end a second time.`,
        { target: "name" },
      );
    if (life === run.life) return;
    const entries =
      news.name === "heartbeat" ? [] : [{ at, event: "reported", status: life.status, actor: by.name }];
    const after = await runs.apply(run, life, entries);
    if (after) return listeners.changed(after);
    run = await findRun({ scope: run.scope, runId: run.id }, ports);
  }
}

async function describe(run: Run, change: AboutChange, { runs, clock, news }: EventPorts): Promise<void> {
  news.changed(await runs.describe(run.scope, run.id, change, clock.now()));
}

/** An ErrorResponse in any case, or only what is inside one. Throws InvalidRequest for one of wrong types. */
function errorOf(sent: unknown): JsonObject {
  const names = isObject(sent) ? Object.keys(sent).map((name) => name.toLowerCase()) : [];
  const whole = names.includes("error") ? sent : { error: sent };
  return read(ErrorResponse, whole, "data.ErrorResponse");
}

const queueingInfoOf = (sent: unknown): JsonObject => {
  const { code, message, lastRefreshTimestamp } = read(history.QueueingInfo, sent ?? {}, "data");
  return Object.fromEntries(
    Object.entries({ code, message, lastRefreshTimestamp }).filter(([, value]) => value !== undefined),
  );
};

function read(schema: typeof ErrorResponse | typeof history.QueueingInfo, sent: unknown, target: string) {
  const { value, faults } = readWire(schema, sent);
  const [first] = faults;
  if (!first) return value as JsonObject;
  const at = [target, first.target].filter((part) => part !== "").join(".");
  throw new MalachiteError("InvalidRequest", `${at}: ${first.message}`, { target: at });
}

const shortName = (name: string | undefined): string =>
  (name ?? "").replace(/^microsoft\.machinelearning\.run\./i, "").toLowerCase();

/** Clients write `StartTime` and `startTime`: keys of the data are read in lower case. */
const folded = (data: unknown): Readonly<Record<string, unknown>> =>
  isObject(data)
    ? Object.fromEntries(Object.entries(data).map(([key, value]) => [key.toLowerCase(), value]))
    : {};

function timeOf(data: Readonly<Record<string, unknown>>, timestamp: string | undefined): number | undefined {
  for (const text of [data.starttime, data.endtime, timestamp]) {
    const at = typeof text === "string" ? Date.parse(text) : Number.NaN;
    if (Number.isFinite(at)) return at;
  }
  return undefined;
}

function secondsOf(value: unknown): number {
  const seconds = Number(value ?? DEFAULT_TIME_TO_LIVE_SECONDS);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 86_400) : DEFAULT_TIME_TO_LIVE_SECONDS;
}
