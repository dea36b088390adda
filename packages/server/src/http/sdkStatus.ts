// The status as the v1 SDK must be told it so that it waits and shows the whole log. Other clients are told the plain truth.
import { type Clock, isTerminal, type ShownRun, workspaceKey } from "@malachite/core";
import type { FastifyRequest } from "fastify";

export interface SdkStatus {
  /** For an answer with the run itself. */
  ofRun(shown: ShownRun, request: FastifyRequest): ShownRun;
  /** For an answer with the run's details. */
  ofDetails(shown: ShownRun, request: FastifyRequest): ShownRun;
}

/** A client that asks for the first time so long after the end did not wait for the run. */
const JUST_ENDED_MS = 10_000;
/** Waiting clients that are remembered; of an older one the end would be told one round late. */
const MOST_REMEMBERED = 10_000;

/**
 * - `NotStarted` is, in the SDK, a run that has not been sent yet: releases of 2020 do not wait for one. A run that waits for its
 *   turn is `Queued` to it.
 * - While it streams, the SDK reads the log only if the details before said that the run has not ended. A script of a fraction of
 *   a second has ended by the first of them, and nothing of it would be shown. So the first details that a client asks for after
 *   an end say `Finalizing`, the next the end; its own pause of two seconds lies in between. A client that was told the end by
 *   the run itself (it polls that when it does not stream) is told it by the details as well.
 */
export function createSdkStatus(clock: Clock): SdkStatus {
  const told = new Set<string>();

  function remember(key: string): void {
    told.add(key);
    if (told.size > MOST_REMEMBERED) for (const oldest of told) return void told.delete(oldest);
  }
  const keyOf = ({ run }: ShownRun, { headers }: FastifyRequest): string =>
    `${workspaceKey(run.scope)} ${run.id} ${String(headers["x-ms-client-session-id"] ?? "")}`;

  return {
    ofRun(shown, request) {
      if (!isOfSdk(request) || shown.run.origin !== "hosted") return shown;
      if (isTerminal(shown.status)) remember(keyOf(shown, request));
      return waiting(shown);
    },
    ofDetails(shown, request) {
      const { run, status } = shown;
      if (!isOfSdk(request) || run.origin !== "hosted") return shown;
      if (!isTerminal(status)) return waiting(shown);
      const key = keyOf(shown, request);
      if (told.has(key) || clock.now() - (run.life.endedAt ?? 0) > JUST_ENDED_MS) return shown;
      remember(key);
      const { outcome: _, endedAt: __, ...life } = run.life;
      return { ...shown, status: "Finalizing", run: { ...run, life: { ...life, status: "Finalizing" } } };
    },
  };
}

const isOfSdk = ({ headers }: FastifyRequest): boolean => /azureml-sdk/i.test(headers["user-agent"] ?? "");

const waiting = (shown: ShownRun): ShownRun =>
  shown.status === "NotStarted" ? { ...shown, status: "Queued" } : shown;
