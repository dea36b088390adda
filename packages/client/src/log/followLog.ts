// Follows a log byte for byte, over cut connections and restarts of the server, until the server says that this is its end.
import type { AbortSignalLike } from "@azure/abort-controller";
import { delay, linkedController, throwIfAborted } from "../abort.ts";
import { deepestCode, errorResponseOf, isNotThere, isRestError } from "../errors.ts";
import type { RunDetails } from "../models.ts";
import { operations } from "../operations.generated.ts";
import type { OperationOptions } from "../options.ts";
import type { PathParameters } from "../transport/address.ts";
import { chunksOf } from "../transport/byteStream.ts";
import { retryAfterInMs } from "../transport/retry.ts";
import type { Transport } from "../transport/transport.ts";
import { isCut } from "./cut.ts";
import { LogGapError, readLogEvent } from "./logEvent.ts";
import { pollLog } from "./pollLog.ts";
import { serverEvents } from "./sse.ts";

export interface FollowLogOptions {
  /** Stops following with an AbortError. The run goes on. */
  abortSignal?: AbortSignalLike;
  /** The log. Default: user_logs/std_log.txt. */
  path?: string;
  /** The byte to begin at. Default: 0. */
  from?: number;
  /** Is called when the server tells of another status of the run. */
  onStatus?: (status: string) => void;
  /** How long the server may be out of reach before this gives up. Default: two minutes, enough for a restart. */
  maxUnreachableInMs?: number;
  /** A connection without a sign of life for so long is taken for dead. Default: 45 s; the server sends one every 15 s. */
  idleTimeoutInMs?: number;
  /** The pause between two looks at a server that cannot stream logs. Default: 1000. */
  pollIntervalInMs?: number;
}

/**
 * A piece of a log: `bytes` is what lies from offset `from` up to, and not including, offset `to`. A piece goes on where the one
 * before ended, or begins at 0 when the log was rotated, cut or overwritten: it is another log then.
 */
export interface LogChunk {
  from: number;
  to: number;
  bytes: Uint8Array;
}

/** How the following ended: the status of the run, and the size of the log. */
export interface LogEnd {
  status: string;
  to: number;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** The log of a run, from `options.from` on. Falls back to polling the log's file on servers that cannot stream. */
export async function* followLog(
  transport: Transport,
  path: PathParameters,
  getDetails: (options: OperationOptions) => Promise<RunDetails>,
  options: FollowLogOptions,
): AsyncGenerator<LogChunk, LogEnd, undefined> {
  const { maxUnreachableInMs = 120_000 } = options;
  let at = options.from ?? 0;
  /** The server's own word for where we are: it tells whether the log is still the same. */
  let place: string | undefined;
  let reached = false;
  let unreachableSince: number | undefined;
  // The first time we come back at once: most cuts are a proxy's whim.
  let pauseMs = 0;
  let gapAt: number | undefined;
  for (;;) {
    throwIfAborted(options.abortSignal);
    let waitMs: number | undefined;
    const connection = connect(transport, path, { at, place }, reached, options);
    try {
      for (;;) {
        const { done, value } = await connection.next();
        if (done && value) return value;
        if (done) break;
        reached = true;
        unreachableSince = undefined;
        if (value === "opened") continue;
        pauseMs = 0;
        place = value.place;
        at = value.chunk.to;
        yield value.chunk;
      }
    } catch (error) {
      if (options.abortSignal?.aborted) throwIfAborted(options.abortSignal);
      if (!reached && isWithoutRoute(error))
        return yield* pollLog(transport, getDetails, { ...options, from: at });
      if (error instanceof LogGapError) {
        // The first gap may be a fault of the connection; the same gap again is one of the log.
        if (gapAt === at) throw error;
        gapAt = at;
      } else if (!isCut(error)) {
        throw error;
      }
      if (isRestError(error) && error.response) waitMs = retryAfterInMs(error.response);
      unreachableSince ??= Date.now();
      if (Date.now() - unreachableSince >= maxUnreachableInMs) throw error;
    } finally {
      await connection.return(undefined);
    }
    await delay(waitMs ?? pauseMs * (0.5 + Math.random() / 2), options.abortSignal);
    pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pauseMs * 2));
  }
}

/** One connection: yields what comes, returns the end, or undefined when the connection was cut without one. */
async function* connect(
  transport: Transport,
  path: PathParameters,
  from: { readonly at: number; readonly place: string | undefined },
  again: boolean,
  options: FollowLogOptions,
): AsyncGenerator<
  { readonly chunk: LogChunk; readonly place: string | undefined } | "opened",
  LogEnd | undefined,
  undefined
> {
  const { idleTimeoutInMs = 45_000 } = options;
  using linked = linkedController(options.abortSignal);
  let timer = setTimeout(() => linked.abort(), idleTimeoutInMs);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => linked.abort(), idleTimeoutInMs);
  };
  let { at } = from;
  try {
    const { response, body } = await transport.stream(operations.followLog, {
      path,
      query: { path: options.path, from: at },
      ...(from.place === undefined ? {} : { headers: { "last-event-id": from.place } }),
      // A first connection is tried like every other request; after that the loop above has the patience.
      retry: again ? "never" : "always",
      options: { abortSignal: linked.signal },
    });
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      await body.cancel();
      throw new NotAnEventStream();
    }
    alive();
    yield "opened";
    for await (const event of serverEvents(chunksOf(body), alive)) {
      const read = readLogEvent(event, at);
      if (read.kind === "status") options.onStatus?.(read.status);
      if (read.kind === "restart") at = 0;
      if (read.kind === "log" && read.chunk.bytes.byteLength > 0) {
        at = read.chunk.to;
        yield { chunk: read.chunk, place: event.id };
        // The reader may have taken its time; that says nothing about the connection.
        alive();
      }
      // An end beyond what has come is the end of a log whose last part was lost on the way: ask again from here.
      if (read.kind === "end") return read.to > at ? undefined : { status: read.status, to: at };
    }
    return undefined;
  } finally {
    clearTimeout(timer);
    linked.abort();
  }
}

/** An answer of 200 that is no event stream: a server which answers everything, or a page of a proxy. */
class NotAnEventStream extends Error {}

/** True when the server has no such operation; false when it has, and the run or the log is what it does not have. */
function isWithoutRoute(error: unknown): boolean {
  if (error instanceof NotAnEventStream) return true;
  if (!isNotThere(error)) return false;
  const code = deepestCode(errorResponseOf(error)?.error);
  return !["RunNotFound", "WorkspaceNotFound", "ExperimentNotFound", "ArtifactNotFound"].includes(code ?? "");
}
