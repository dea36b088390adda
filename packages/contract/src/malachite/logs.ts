// Logs of any size: which there are, where their lines are, what is found in them, and where two of them part.
import Type, { type Static } from "typebox";
import { dateTime, integer, model, oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { base, oneRun, source } from "./base.ts";

const offset = (description: string) => integer({ format: "int64", minimum: 0, description });
const line = (description: string) => integer({ format: "int64", minimum: 1, description });

/** A place that answers carry and questions may name: then the file is known to be the same up to there. */
const place = Type.String({
  description:
    "The version that was read: its size, its identity, and a sum of its last bytes. Good as `since` and as the Last-Event-ID of the live log.",
});
const since = optional(
  Type.String({
    description:
      "The `place` of an earlier answer. 409 FileChanged when the log was replaced, cut or rewritten since; growing is no change.",
  }),
);
const path = optional(
  Type.String({
    maxLength: 4000,
    description: "The log: any file of the run. Default: the one that speaks for the whole run.",
  }),
);

export const LogFile = model("LogFile", {
  path: Type.String(),
  sizeBytes: offset("As it is now."),
  changedAt: dateTime(),
  live: Type.Boolean({ description: "It may still grow." }),
  main: Type.Boolean({ description: "The log that speaks for the whole run." }),
  rank: optional(integer({ minimum: 0, description: "Which process of several wrote it." })),
  attempt: optional(integer({ minimum: 1, description: "Which earlier attempt of the run wrote it." })),
});
export type LogFile = Static<typeof LogFile>;

/** Lines end with a line feed; a carriage return in front of it, or at the end of the log, is no part of the line. The first line is 1. */
const version = {
  path: Type.String(),
  sizeBytes: offset("All that follows is of these first bytes of the file."),
  place,
};

export const LogIndex = model("LogIndex", {
  ...version,
  live: Type.Boolean(),
  lines: offset("How many there are, the last one also when nothing ends it."),
  ended: Type.Boolean({ description: "The last line has its line end. False for one that may go on." }),
  marks: Type.Object(
    {
      lines: Type.Array(line("The number of the line.")),
      offsets: Type.Array(offset("Where it begins.")),
    },
    {
      description:
        "Some lines and where they begin, in order, the first line first. Two of them are `gapBytes` apart or so, more only where a line is longer.",
    },
  ),
  gapBytes: integer({
    format: "int64",
    description: "Doubled as often as there would be more than 4096 marks.",
  }),
});
export type LogIndex = Static<typeof LogIndex>;

export const LogLine = model("LogLine", {
  offset: offset("Where the line begins."),
  sizeBytes: offset("Without its end."),
  text: Type.String({ description: "What is not UTF-8 is shown as U+FFFD." }),
  clipped: optional(Type.Boolean({ description: "The line is longer than the text." })),
});
export type LogLine = Static<typeof LogLine>;

export const LogLines = model("LogLines", {
  ...version,
  lines: offset("How many lines the log has."),
  first: line("The number of the first value."),
  values: Type.Array(LogLine, {
    description: "Fewer than asked for at the end of the log, or when they are very long.",
  }),
});
export type LogLines = Static<typeof LogLines>;

export const LogMatch = model("LogMatch", {
  line: line("Its number."),
  lineOffset: offset("Where the line begins."),
  offset: offset("Where the first match in the line begins."),
  text: Type.String({ description: "The line, or as much of it around the match as is worth showing." }),
  at: integer({ minimum: 0, description: "Where in the text the match begins, in UTF-16 units." }),
  length: integer({ minimum: 0, description: "How much of the text it is." }),
});
export type LogMatch = Static<typeof LogMatch>;

export const LogMatches = model("LogMatches", {
  ...version,
  matches: Type.Array(LogMatch, {
    description: "One for each line that has any, in the direction asked for.",
  }),
  count: offset("Lines that have a match in the part that was searched: with `count`, more than are told."),
  searched: Type.Object({ from: offset("First byte."), to: offset("The byte after the last.") }),
  next: optional(offset("The search goes on with this as `from`. Absent: all was searched.")),
});
export type LogMatches = Static<typeof LogMatches>;

export const LOG_ERRORS = ["traceback", "gpu", "memory", "killed", "crash", "exception", "error"] as const;
export const LogError = model("LogError", {
  line: line("The line to jump to: where the trouble begins to be told."),
  lineOffset: offset("Where it begins."),
  kind: oneOf(LOG_ERRORS),
  text: Type.String({ description: "The line." }),
  message: Type.String({ description: "The line that says most: of a traceback its last." }),
  messageLine: line("Its number."),
});
export type LogError = Static<typeof LogError>;
export const LogErrorSearch = model("LogErrorSearch", {
  ...version,
  searchedFrom: offset("Only the end of a long log is looked at."),
  error: optional(LogError),
});
export type LogErrorSearch = Static<typeof LogErrorSearch>;

export const LogSide = model("LogSide", {
  ...version,
  runId: Type.String(),
  offset: offset("Where the first line that differs begins, or the end of the log."),
  values: Type.Array(LogLine, { description: "That line and those after it. None: the log ends here." }),
});
export type LogSide = Static<typeof LogSide>;
export const LogDivergence = model("LogDivergence", {
  same: Type.Boolean({ description: "No line differs." }),
  line: line("The first line that differs; with `same`, the one after the last."),
  before: Type.Array(LogLine, { description: "The last lines before it, of the first log." }),
  left: LogSide,
  right: LogSide,
});
export type LogDivergence = Static<typeof LogDivergence>;

export const LOG_IGNORES = ["times", "numbers"] as const;

export const listLogs = operation({
  id: "Malachite_ListLogs",
  method: "GET",
  path: `${base}/runs/{runId}/logs`,
  summary: "The logs of a run, kept and growing, the main one first.",
  source,
  params: oneRun,
  answer: {
    kind: "json",
    schema: model("LogFiles", { value: Type.Array(LogFile) }),
    description: "The logs.",
  },
});
export const getLogIndex = operation({
  id: "Malachite_LogIndex",
  method: "GET",
  path: `${base}/runs/{runId}/log/index`,
  summary: "How many lines a log has, and where some of them begin.",
  source,
  params: oneRun,
  query: Type.Object({ path, since }),
  answer: { kind: "json", schema: LogIndex, description: "The index." },
});
export const getLogLines = operation({
  id: "Malachite_LogLines",
  method: "GET",
  path: `${base}/runs/{runId}/log/lines`,
  summary: "Some lines of a log by their numbers.",
  source,
  params: oneRun,
  query: Type.Object({
    path,
    since,
    line: optional(
      integer({
        format: "int64",
        description: "The first line. Below 0: counted from the end, -1 is the last. Default: 1.",
      }),
    ),
    count: optional(integer({ minimum: 1, maximum: 2000, description: "How many lines. Default: 200." })),
    clip: optional(
      integer({
        minimum: 1,
        maximum: 100_000,
        description: "So many bytes of a line at most. Default: 4096.",
      }),
    ),
  }),
  answer: { kind: "json", schema: LogLines, description: "The lines." },
});
export const searchLog = operation({
  id: "Malachite_SearchLog",
  method: "GET",
  path: `${base}/runs/{runId}/log/matches`,
  summary: "Lines of a log that have a text or match an expression.",
  source,
  params: oneRun,
  query: Type.Object({
    path,
    since,
    text: Type.String({
      minLength: 1,
      maxLength: 1000,
      description: "What is looked for, within one line.",
    }),
    regex: optional(
      Type.Boolean({ description: "The text is a regular expression of JavaScript, with its flag `u`." }),
    ),
    ignoreCase: optional(Type.Boolean()),
    backward: optional(Type.Boolean({ description: "From `from` towards the beginning." })),
    from: optional(
      offset(
        "Where the search begins; forward the line that it is in, backward the one before. Default: the end that is behind.",
      ),
    ),
    limit: optional(integer({ minimum: 1, maximum: 1000, description: "How many to tell. Default: 100." })),
    count: optional(
      Type.Boolean({
        description: "Goes on behind the last one that is told, and only counts. Forward only.",
      }),
    ),
  }),
  answer: {
    kind: "json",
    schema: LogMatches,
    description: "What was found within two seconds, and where to go on.",
  },
});
export const findLogError = operation({
  id: "Malachite_FindLogError",
  method: "GET",
  path: `${base}/runs/{runId}/log/error`,
  summary: "The line of a log where its last trouble begins.",
  source,
  params: oneRun,
  query: Type.Object({ path, since }),
  answer: {
    kind: "json",
    schema: LogErrorSearch,
    description: "The line, if the end of the log tells of any trouble.",
  },
});
export const compareLogs = operation({
  id: "Malachite_CompareLogs",
  method: "GET",
  path: `${base}/runs/{runId}/log/divergence`,
  summary: "The first line in which two logs differ.",
  source,
  params: oneRun,
  query: Type.Object({
    path,
    since,
    otherRunId: optional(Type.String({ description: "The run of the other log. Default: the same." })),
    otherPath: optional(Type.String({ maxLength: 4000, description: "The other log. Default: as `path`." })),
    otherSince: since,
    ignore: optional(
      Type.Array(oneOf(LOG_IGNORES), {
        description:
          "What need not be the same: times and dates, or all numbers (pids, addresses, times). Default: nothing.",
      }),
    ),
    context: optional(
      integer({ minimum: 0, maximum: 100, description: "Lines to tell before and after. Default: 5." }),
    ),
  }),
  answer: { kind: "json", schema: LogDivergence, description: "Where they part." },
});
