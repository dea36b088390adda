// Turns how the process ended into how the run ended. Pure.
import type { FailureReason } from "../failure/reasons.ts";
import type { RunEvent } from "./advance.ts";
import type { ExitRecord } from "./run.ts";

/** The last event of a run whose process has ended by itself. `tail` is the end of its log, for the error text. */
export function conclude(
  exit: ExitRecord | undefined,
  failure: string | undefined,
  tail: string,
): Extract<RunEvent, { name: "succeeded" | "failed" }> {
  const failed = (reason: FailureReason, message: string, detail: Record<string, unknown> = {}) =>
    ({ name: "failed", reason, message, detail: { ...detail, ...(tail ? { logTail: tail } : {}) } }) as const;
  if (failure) return failed("StartFailed", `The command could not be started: ${failure}`);
  if (!exit)
    return failed(
      "Vanished",
      "The process is gone and left no exit record, as after a power cut or a kill of the whole machine's processes.",
    );
  if (exit.outOfMemory)
    return failed(
      "OutOfMemory",
      "The script used more memory than its target allows and was killed by the kernel.",
      { signal: exit.signal },
    );
  if (exit.signal)
    return failed("KilledBySignal", `The script was ended by signal ${exit.signal}.`, {
      signal: exit.signal,
    });
  if (exit.code === 0) return { name: "succeeded" };
  return failed("ExitedNonZero", errorLine(tail) ?? `The script ended with exit code ${exit.code}.`, {
    exitCode: exit.code,
  });
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
