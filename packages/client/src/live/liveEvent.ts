// One event of the live stream, as the page sees it.
import type { malachite } from "@malachite/contract";
import { bytesOf } from "../log/logEvent.ts";
import type { ServerEvent } from "../log/sse.ts";
import type { TableRun } from "../models.ts";

/** The stream has begun; `resumed` when every run that changed since the place comes next. Ask for what is shown that is not a run. */
export type HelloEvent = { kind: "hello" } & malachite.HelloEvent;
/** A run was made or changed; `run` is as lists show it. */
export type RunChangedEvent = { kind: "run"; run: TableRun; place: string };
/** New values of metrics are there; without names, of too many to name. */
export type MetricsEvent = { kind: "metrics" } & malachite.MetricsEvent;
/** The files of the run changed or grew. */
export type FilesEvent = { kind: "files" } & malachite.FilesEvent;
/** Something moved in the lines of these targets; without names, anywhere. */
export type QueueEvent = { kind: "queue" } & malachite.QueueEvent;
/** Ask again for everything that is shown: the stream could not tell all of it. */
export type ResetEvent = { kind: "reset" } & malachite.ResetEvent;
/** Bytes `from` up to but not including `to` of a log that is followed. */
export type LogPieceEvent = { kind: "log"; bytes: Uint8Array } & Omit<
  malachite.LogPieceEvent,
  "text" | "base64"
>;
/** The log begins anew from byte 0. */
export type LogRestartEvent = { kind: "restart" } & malachite.LogRestartEvent;
/** All of the log was told. */
export type LogEndEvent = { kind: "end" } & malachite.LogEndEvent;
/** The log cannot be followed; the rest of the stream goes on. */
export type LogFaultEvent = { kind: "fault" } & malachite.LogFaultEvent;
/** The connection was lost, or is there again. */
export type ConnectionEvent = { kind: "connection"; state: "lost" | "healed" };

export type LiveEvent =
  | HelloEvent
  | RunChangedEvent
  | MetricsEvent
  | FilesEvent
  | QueueEvent
  | ResetEvent
  | LogPieceEvent
  | LogRestartEvent
  | LogEndEvent
  | LogFaultEvent
  | ConnectionEvent;

const KINDS: ReadonlySet<string> = new Set([
  "hello",
  "run",
  "metrics",
  "files",
  "queue",
  "reset",
  "log",
  "restart",
  "end",
  "fault",
]);

/** Undefined for an event that this client does not know. Throws an Error for one that is broken. */
export function readLiveEvent({ event, data }: ServerEvent): LiveEvent | undefined {
  if (!KINDS.has(event)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw new Error("The server sent an event that is not JSON.", { cause });
  }
  if (typeof value !== "object" || value === null)
    throw new Error("The server sent an event that is no object.");
  if (event !== "log") return { ...value, kind: event } as LiveEvent;
  const { text, base64, ...rest } = value as malachite.LogPieceEvent;
  const bytes = bytesOf({ text, base64 });
  if (bytes === undefined || rest.to - rest.from !== bytes.byteLength)
    throw new Error("The server sent a piece of a log whose offsets do not fit its content.");
  return { ...rest, kind: "log", bytes };
}
