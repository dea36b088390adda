// Turns how the process ended into how the run ended. Pure.
import { type FailureReason, REASONS } from "../failure/reasons.ts";
import type { GroupExit } from "../launch/groupExit.ts";
import type { RunEvent } from "./advance.ts";
import type { ExitRecord } from "./run.ts";

/**
 * The last event of a run whose process has ended by itself. `told`: of several processes, the one that failed first. `tail` is the
 * end of its log, for the error text.
 */
export function conclude(
  exit: ExitRecord | undefined,
  failure: string | undefined,
  tail: string,
  told?: GroupExit,
): Extract<RunEvent, { name: "succeeded" | "failed" }> {
  // What the engine says goes before what the others saw of it: that a node of theirs is away.
  const byEngine = exit?.taken !== undefined || exit?.outOfMemory === true;
  const first = told?.failure !== undefined && byEngine ? undefined : told;
  const failed = (reason: FailureReason, message: string, detail: Record<string, unknown> = {}) =>
    ({
      name: "failed",
      reason,
      message:
        first === undefined ? message : `${sayFirst(first)} ${message}`.trim() + lastLines(first, tail),
      detail: {
        ...detail,
        ...(first === undefined ? {} : { process: first.name }),
        ...(tail ? { logTail: tail } : {}),
      },
    }) as const;
  /** Said of one of several processes already. */
  const alone = (text: string) => (first === undefined ? text : "");
  if (failure && exit?.as !== undefined) return failed(exit.as, failure);
  if (failure) return failed("StartFailed", `The command could not be started: ${failure}`);
  if (first?.failure !== undefined && exit?.code !== 0)
    return failed("StartFailed", `The run could not be started: ${first.failure}`);
  if (exit?.lost !== undefined)
    return failed(
      "FilesLost",
      `The folder of the run was lost while it ran, with its files that were not kept by then and the record of how its script ended. ${exit.lost} The script may have had effects, so it is started again only as often as the setting \`retries\` says.`,
    );
  if (exit?.taken !== undefined) {
    const reason = exit.as ?? "TakenAway";
    const again =
      REASONS[reason].retry === "asked"
        ? " The script may have had effects, so it is started again only as often as the setting `retries` says."
        : "";
    return failed(reason, `${REASONS[reason].text} ${exit.taken}${again}`);
  }
  if (!exit)
    return failed(
      "Vanished",
      "The process is gone and left no exit record, as after a power cut or a kill of the whole machine's processes. The script may have had effects, so it is started again only as often as the setting `retries` says.",
    );
  if (exit.outOfMemory)
    return failed(
      "OutOfMemory",
      "The script used more memory than its target allows and was killed by the kernel.",
      { signal: exit.signal },
    );
  if (exit.signal)
    return failed("KilledBySignal", alone(`The script was ended by signal ${exit.signal}.`), {
      signal: exit.signal,
    });
  if (exit.code === 0) return { name: "succeeded" };
  const how = alone(`The script ended with exit code ${exit.code}.`);
  return failed("ExitedNonZero", errorLine(tail) ?? how, { exitCode: exit.code });
}

/** So much of the log of the process that failed goes into the error itself: it is not the log that everybody looks at. */
const LAST_LINES = 10;
const LAST_CHARACTERS = 1500;

function lastLines({ log }: GroupExit, tail: string): string {
  const lines = tail.trimEnd().split("\n").slice(-LAST_LINES).join("\n").slice(-LAST_CHARACTERS);
  return log === undefined || lines === "" ? "" : `\nThe last lines of ${log}:\n${lines}`;
}

/** Which of several processes failed first, how, and what became of the others. */
function sayFirst({ name, code, signal, others, failure }: GroupExit): string {
  if (failure !== undefined) return "";
  const how = signal === undefined ? `exit code ${code}` : `signal ${signal}`;
  const after =
    others === 0
      ? ""
      : others === 1
        ? "; the other process was stopped"
        : `; the other ${others} processes were stopped`;
  return `${name[0]?.toUpperCase()}${name.slice(1)} ended with ${how}${after}.`;
}

/** The last line of a Python traceback, if the log ends in one. */
function errorLine(tail: string): string | undefined {
  const start = tail.lastIndexOf("Traceback (most recent call last):");
  if (start < 0) return undefined;
  const lines = tail
    .slice(start)
    .split("\n")
    .map((line) => line.trimEnd());
  const error = lines.slice(1).find((line) => /^[A-Za-z_][\w.]*(:|$)/.test(line));
  return error === undefined ? undefined : `User program failed with ${error}`;
}
