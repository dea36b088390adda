// Waits for the end of a run. It only looks: a poller that is given up leaves the run as it is.
import type { AbortSignalLike } from "@azure/abort-controller";
import { delay, isAbortError, linkedController, throwIfAborted } from "./abort.ts";
import { RunFailedError } from "./errors.ts";
import type { ErrorResponse, Run, WorkspaceAddress } from "./models.ts";
import type { OperationOptions } from "./options.ts";
import { mayPass } from "./transport/retry.ts";

export interface RunPollerOptions {
  /** The shortest and the longest pause between two looks. Default: 200 and 5000; it grows while nothing changes. */
  minIntervalInMs?: number;
  maxIntervalInMs?: number;
  /** How long the server may be out of reach before the poller gives up. Default: two minutes, enough for a restart. */
  maxUnreachableInMs?: number;
}
export interface PollOptions {
  abortSignal?: AbortSignalLike;
}
export interface PollUntilDoneOptions extends PollOptions {
  /** Throws RunFailedError when the run has ended in Failed or Canceled. Default: true. */
  throwOnFailure?: boolean;
}

/** What a poller knows. `status` tells of the polling, `run.status` of the run. */
export interface RunPollerState {
  status: "notStarted" | "running" | "succeeded" | "failed" | "canceled";
  runId: string;
  /** The record as it was last seen. */
  run?: Run;
  /** The run's error, when it failed. */
  error?: ErrorResponse;
}

type About = { workspace: WorkspaceAddress; experimentName?: string; runId: string };
type Look = (options: OperationOptions) => Promise<{ run: Run; waitInMs?: number }>;

/** One look must not hang for ever on a connection that died without a word. */
const LOOK_TIMEOUT_MS = 60_000;
const GROWTH = 1.5;
const ENDED = { Completed: "succeeded", Failed: "failed", Canceled: "canceled" } as const;

/** True for the statuses which a run never leaves. */
export const isEnded = (status: string | undefined): boolean =>
  status !== undefined && Object.hasOwn(ENDED, status);

export class RunPoller {
  readonly runId: string;
  readonly #about: About;
  readonly #look: Look;
  readonly #minIntervalMs: number;
  readonly #maxIntervalMs: number;
  readonly #maxUnreachableMs: number;
  readonly #listeners = new Set<(state: RunPollerState) => void>();
  #state: RunPollerState;
  #intervalMs: number;

  /** @internal Made by RunClient. */
  constructor(about: About, look: Look, options: RunPollerOptions) {
    this.runId = about.runId;
    this.#about = about;
    this.#look = look;
    this.#minIntervalMs = options.minIntervalInMs ?? 200;
    this.#maxIntervalMs = Math.max(this.#minIntervalMs, options.maxIntervalInMs ?? 5_000);
    this.#maxUnreachableMs = options.maxUnreachableInMs ?? 120_000;
    this.#intervalMs = this.#minIntervalMs;
    this.#state = { status: "notStarted", runId: about.runId };
  }

  /** What was seen last. Sends nothing. */
  getState(): Readonly<RunPollerState> {
    return this.#state;
  }

  /** True when the run was seen ended. */
  isDone(): boolean {
    return isEnded(this.#state.run?.status);
  }

  /** Calls back after each look. Gives a function that stops it. */
  onProgress(callback: (state: RunPollerState) => void): () => void {
    this.#listeners.add(callback);
    return () => {
      this.#listeners.delete(callback);
    };
  }

  /** Looks once. Throws RestError when the server cannot be asked. */
  async poll(options: PollOptions = {}): Promise<RunPollerState> {
    await this.#lookOnce(options.abortSignal);
    return this.#state;
  }

  /**
   * Looks until the run has ended, and gives its last record. Aborting stops the polling with an AbortError and leaves the
   * run as it is. A server that is out of reach is waited for; every other error is thrown.
   */
  async pollUntilDone(options: PollUntilDoneOptions = {}): Promise<Run> {
    let unreachableSince: number | undefined;
    while (!this.isDone()) {
      throwIfAborted(options.abortSignal);
      let waitMs: number | undefined;
      try {
        waitMs = await this.#lookOnce(options.abortSignal);
        unreachableSince = undefined;
      } catch (error) {
        unreachableSince ??= Date.now();
        const tooLong = Date.now() - unreachableSince >= this.#maxUnreachableMs;
        if (isAbortError(error) || !mayPass(error) || tooLong) throw error;
      }
      if (!this.isDone()) await delay(waitMs ?? this.#intervalMs, options.abortSignal);
    }
    const { run, error } = this.#state;
    if (options.throwOnFailure !== false && run?.status !== "Completed") {
      throw new RunFailedError(this.runId, run?.status ?? "unknown", error);
    }
    return run as Run;
  }

  /** All that is needed to go on waiting in another process; see `MalachiteClient.resumePoller`. Holds no secret. */
  toString(): string {
    return JSON.stringify({ version: 1, ...this.#about });
  }

  async #lookOnce(signal: AbortSignalLike | undefined): Promise<number | undefined> {
    using linked = linkedController(signal);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      linked.abort();
    }, LOOK_TIMEOUT_MS);
    try {
      const { run, waitInMs } = await this.#look({ abortSignal: linked.signal });
      this.#see(run);
      return waitInMs;
    } catch (error) {
      if (!timedOut || signal?.aborted) throw error;
      // Told as a fault that may pass, so that the next look is tried.
      const late = new Error(`The server did not answer within ${LOOK_TIMEOUT_MS / 1000} s.`);
      throw Object.assign(late, { name: "RestError", code: "ETIMEDOUT" });
    } finally {
      clearTimeout(timer);
    }
  }

  #see(run: Run): void {
    const changed = run.status !== this.#state.run?.status;
    this.#intervalMs = changed
      ? this.#minIntervalMs
      : Math.min(this.#maxIntervalMs, this.#intervalMs * GROWTH);
    const status = ENDED[run.status as keyof typeof ENDED] ?? "running";
    this.#state = { status, runId: this.runId, run, error: run.error };
    for (const listener of this.#listeners) listener(this.#state);
  }
}

/** Reads what `toString` wrote. Throws a TypeError when it is something else. */
export function readPollerState(serialized: string): About {
  let state: Partial<About> & { version?: unknown };
  try {
    state = JSON.parse(serialized) ?? {};
  } catch {
    throw new TypeError("This is not the state of a run poller: it is not JSON.");
  }
  const { version, workspace, experimentName, runId } = state;
  const names = [runId, workspace?.subscriptionId, workspace?.resourceGroup, workspace?.workspace];
  if (version !== 1 || names.some((name) => typeof name !== "string")) {
    throw new TypeError("This is not the state of a run poller of this version.");
  }
  return { workspace: workspace as WorkspaceAddress, experimentName, runId: runId as string };
}
