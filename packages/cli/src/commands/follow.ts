// Following a run to its end: its log to stdout, its end as an exit code, and Ctrl-C as leave to go away.
import type { Run, RunClient } from "@malachite/client";
import { EXIT } from "../exitCodes.ts";
import type { Io } from "../io.ts";
import { type FormatOptions, json } from "../output/format.ts";
import type { Frame } from "../program.ts";

/** Runs `work` until Ctrl-C. Gives undefined when it was interrupted, after saying how to come back. */
export async function untilInterrupted<T>(
  io: Io,
  runId: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const controller = new AbortController();
  const forget = io.onInterrupt(() => controller.abort());
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    io.say(
      `\nDetached; the run goes on.\n  watch it again   malachite logs -f ${runId}\n  end it           malachite cancel ${runId}`,
    );
    return undefined;
  } finally {
    forget();
  }
}

/** Writes a run's log to stdout as it grows. Resolves with the status at its end. */
export async function printLog(
  run: RunClient,
  io: Io,
  options: { readonly path?: string; readonly from?: number; readonly signal: AbortSignal },
): Promise<string> {
  const log = run.followLog({ path: options.path, from: options.from, abortSignal: options.signal });
  for (let at = options.from ?? 0; ; ) {
    const { done, value } = await log.next();
    if (done) return value.status;
    if (value.from < at) io.say(`\nThe log begins anew: the run has rotated, cut or overwritten it.`);
    at = value.to;
    await io.out(value.bytes);
  }
}

/** Waits for the end of a run, telling each new status on the way; the last one is for the caller to tell. */
export async function waitForEnd(run: RunClient, io: Io, signal: AbortSignal): Promise<Run> {
  const poller = run.poller();
  let last: string | undefined;
  poller.onProgress(({ run: seen }) => {
    if (seen?.status !== undefined && seen.status !== last && !poller.isDone())
      io.say(`${run.runId}: ${seen.status}`);
    last = seen?.status;
  });
  return poller.pollUntilDone({ abortSignal: signal, throwOnFailure: false });
}

/** The exit code that stands for a run which has ended: its script's own where there is one. */
export function exitCodeOf(run: Run): number {
  const own = Number(run.properties?.["malachite.exitCode"] ?? Number.NaN);
  if (run.status === "Completed") return EXIT.ok;
  if (run.status === "Canceled") return EXIT.canceled;
  return Number.isInteger(own) && own > 0 && own < 256 ? own : EXIT.failed;
}

/** How a run ended, in one line, and what to look at. */
export function sayEnd(run: Run, io: Io): void {
  const why = run.error?.error?.message;
  io.say(`${run.runId}: ${run.status}${why === undefined ? "" : `. ${why}`}`);
}

/** What a command does that starts a run and waits for it: the log on request, then the end, by its words and its exit code. */
export async function waitAsAsked(
  run: RunClient,
  options: FormatOptions & { readonly follow?: boolean },
  io: Io,
  frame: Frame,
): Promise<void> {
  const end = await untilInterrupted(io, run.runId, async (signal) => {
    // JSON owns stdout alone, so the log is only followed for people.
    if (options.follow && options.output !== "json") await printLog(run, io, { signal });
    return waitForEnd(run, io, signal);
  });
  if (end === undefined) {
    frame.exitCode = EXIT.detached;
    return;
  }
  sayEnd(end, io);
  if (options.output === "json") await io.out(json(end));
  else if (!options.follow) await io.out(`${run.runId}\n`);
  frame.exitCode = exitCodeOf(end);
}
