// The live stream of a workspace: one connection for a whole page, whatever it shows.
import Type, { type Static } from "typebox";
import { RUN_STATUSES } from "../history/run.ts";
import { integer, model, oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { runId, workspaceParams } from "../scope.ts";
import { base, source } from "./base.ts";
import { TableRun } from "./tables.ts";

/** So many logs can be followed in one stream, and so many runs' files be watched. */
export const EVENTS_LIMITS = { logs: 16, runs: 16 } as const;

/** Without these a stream tells of everything; `files` of runs at work are looked at only for runs that are watched. */
export const EVENT_KINDS = ["run", "metrics", "files", "queue"] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** The first event: where the stream begins. `resumed` is false when it begins now, because nothing was asked for. */
export const HelloEvent = model("HelloEvent", { place: Type.String(), resumed: Type.Boolean() });
export type HelloEvent = Static<typeof HelloEvent>;

/** A run was made, or something that lists show of it changed. */
export const RunChangedEvent = model("RunChangedEvent", { run: TableRun, place: Type.String() });
export type RunChangedEvent = Static<typeof RunChangedEvent>;

/** Values were added to metrics of a run; without names it was too many to name. */
export const MetricsEvent = model("MetricsEvent", {
  runId: Type.String(),
  names: optional(Type.Array(Type.String())),
});
export type MetricsEvent = Static<typeof MetricsEvent>;

/** The files of a run changed or grew. */
export const FilesEvent = model("FilesEvent", { runId: Type.String() });
export type FilesEvent = Static<typeof FilesEvent>;

/** Something moved in the lines of these targets; without names, anywhere. */
export const QueueEvent = model("QueueEvent", { targets: optional(Type.Array(Type.String())) });
export type QueueEvent = Static<typeof QueueEvent>;

/** What the stream cannot tell one by one: all that is shown is to be asked for again. */
export const ResetEvent = model("ResetEvent", {
  reason: oneOf(["unknownPlace", "tooFarBehind"]),
  place: Type.String(),
});
export type ResetEvent = Static<typeof ResetEvent>;

const log = { runId: Type.String(), path: optional(Type.String()) };

/** Bytes `from` up to but not including `to` of a log. `place` takes it up again right behind them. */
export const LogPieceEvent = model("LogPieceEvent", {
  ...log,
  from: integer({ format: "int64" }),
  to: integer({ format: "int64" }),
  text: optional(Type.String()),
  base64: optional(Type.String()),
  place: Type.String(),
});
export type LogPieceEvent = Static<typeof LogPieceEvent>;

/** The log begins anew from byte 0. */
export const LogRestartEvent = model("LogRestartEvent", {
  ...log,
  reason: oneOf(["replaced", "shrunk", "rewritten"]),
});
export type LogRestartEvent = Static<typeof LogRestartEvent>;

/** The run has ended, and all of its log was told. */
export const LogEndEvent = model("LogEndEvent", {
  ...log,
  status: oneOf(RUN_STATUSES),
  to: integer({ format: "int64" }),
});
export type LogEndEvent = Static<typeof LogEndEvent>;

/** This log cannot be followed; the stream goes on without it. */
export const LogFaultEvent = model("LogFaultEvent", { ...log, code: Type.String(), message: Type.String() });
export type LogFaultEvent = Static<typeof LogFaultEvent>;

export const events = operation({
  id: "Malachite_Events",
  method: "GET",
  path: `${base}/events`,
  summary: "All that happens in a workspace, live, in one stream.",
  source,
  params: Type.Object(workspaceParams),
  query: Type.Object({
    kinds: optional(
      Type.Array(oneOf(EVENT_KINDS), {
        description: "What to tell of: run, metrics, files, queue. Repeatable. Default: all of them.",
      }),
    ),
    experimentId: optional(
      Type.String({ description: "Only runs of this experiment; queues are told of all the same." }),
    ),
    runId: optional(
      Type.Array(runId, {
        description: "Only these runs; queues are told of all the same. Repeatable, at most 16.",
      }),
    ),
    watch: optional(
      Type.Array(runId, {
        description:
          "Runs whose files are looked at while they write them, so that `files` tells of them before their end. Repeatable, at most 16.",
      }),
    ),
    log: optional(
      Type.Array(
        Type.String({
          pattern: "^[a-zA-Z0-9][\\w-]{0,255}(?:@[\\w.~-]+|/.*)?$",
          description: "runId, runId/path or runId/path@place.",
        }),
        {
          description:
            "A log to follow in this stream: `runId` for the script's own, `runId/path` for another, and behind an `@` the place to begin at: the `place` of a log event, or a byte offset. Repeatable, at most 16.",
        },
      ),
    ),
  }),
  answer: {
    kind: "events",
    description:
      "`hello` {place, resumed}, then `run` {run, place}, `metrics` {runId, names?}, `files` {runId}, `queue` {targets?}, and for each log `log` {runId, path?, from, to, text | base64, place}, `restart` {runId, path?, reason}, `end` {runId, path?, status, to}, `fault` {runId, path?, code, message}. Changes of one run within 100 ms come as one. The id of an event, sent as Last-Event-ID, takes the stream up again: every run that changed since comes, also over a restart of the service, and logs go on where they were. Where that cannot be, and for a reader too slow to be told of every run, a `reset` {reason, place}: ask again for what is shown. Metrics, files and queues are not kept: after a `hello`, ask for those that are shown.",
  },
});
