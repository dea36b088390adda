// The status as the v1 SDK must be told it so that it waits and shows the whole log. Other clients are told the plain truth.
import { type Clock, isTerminal, type ShownRun, workspaceKey } from "@malachite/core";
import type { FastifyRequest } from "fastify";

export interface SdkStatus {
  /** For an answer to whoever asks for the run. */
  ofRun(shown: ShownRun, request: FastifyRequest): ShownRun;
  /** For an answer to a change of the run, which the SDK makes of every run it has submitted. */
  ofChange(shown: ShownRun, request: FastifyRequest): ShownRun;
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
 *   the run itself (it polls that when it does not stream) is told it by the details as well. The answer to a change is no
 *   question of that kind, but it is believed: so it says `Finalizing` until the end was told otherwise.
 */
export function createSdkStatus(clock: Clock): SdkStatus {
  const told = new Set<string>();

  function remember(key: string): void {
    told.add(key);
    if (told.size > MOST_REMEMBERED) for (const oldest of told) return void told.delete(oldest);
  }
  const keyOf = ({ run }: ShownRun, { headers }: FastifyRequest): string =>
    `${workspaceKey(run.scope)} ${run.id} ${String(headers["x-ms-client-session-id"] ?? "")}`;
  const isNews = (shown: ShownRun, request: FastifyRequest): boolean =>
    isTerminal(shown.status) &&
    clock.now() - (shown.run.life.endedAt ?? 0) <= JUST_ENDED_MS &&
    !told.has(keyOf(shown, request));
  // Of a run that others execute, only one that was submitted has a definition: the SDK started it on its own machine and waits.
  const isOurs = ({ run }: ShownRun, request: FastifyRequest): boolean =>
    (run.origin === "hosted" || run.definition !== undefined) && isOfSdk(request);

  return {
    ofRun(shown, request) {
      if (!isOurs(shown, request)) return shown;
      if (isTerminal(shown.status)) remember(keyOf(shown, request));
      return waiting(shown);
    },
    ofChange(shown, request) {
      if (!isOurs(shown, request)) return shown;
      return isNews(shown, request) ? finalizing(shown) : waiting(shown);
    },
    ofDetails(shown, request) {
      if (!isOurs(shown, request)) return shown;
      if (!isNews(shown, request)) return waiting(shown);
      remember(keyOf(shown, request));
      return finalizing(shown);
    },
  };
}

/** Releases of 2020 say `sdk_run` and no product, those before it what part of theirs asks. */
const isOfSdk = ({ headers }: FastifyRequest): boolean =>
  /azureml-sdk|\bsdk_run|\bazureml\._restclient\//i.test(headers["user-agent"] ?? "");

const waiting = (shown: ShownRun): ShownRun =>
  shown.status === "NotStarted" ? { ...shown, status: "Queued" } : shown;

function finalizing(shown: ShownRun): ShownRun {
  const { outcome: _, endedAt: __, ...life } = shown.run.life;
  return { ...shown, status: "Finalizing", run: { ...shown.run, life: { ...life, status: "Finalizing" } } };
}
