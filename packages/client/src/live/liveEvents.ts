// All that happens in a workspace as one stream, over cut connections and restarts of the server.
import type { AbortSignalLike } from "@azure/abort-controller";
import { delay, linkedController, throwIfAborted } from "../abort.ts";
import { isRestError } from "../errors.ts";
import { isCut } from "../log/cut.ts";
import { serverEvents } from "../log/sse.ts";
import { operations } from "../operations.generated.ts";
import type { PathParameters } from "../transport/address.ts";
import { chunksOf } from "../transport/byteStream.ts";
import { retryAfterInMs } from "../transport/retry.ts";
import type { Transport } from "../transport/transport.ts";
import { type LiveEvent, readLiveEvent } from "./liveEvent.ts";

/** A log to follow in the stream. */
export interface LiveLog {
  runId: string;
  /** The log. Default: that of the script. */
  path?: string;
  /** Where to begin: the `place` of an earlier log event, or a byte offset. Default: 0. */
  place?: string | number;
}

export interface EventsOptions {
  /** Ends the stream with an AbortError. */
  abortSignal?: AbortSignalLike;
  /** Logs to follow in the same connection, at most 16. */
  logs?: readonly LiveLog[];
  /** What to tell of. Default: everything. */
  kinds?: readonly ("run" | "metrics" | "files" | "queue")[];
  /** Only runs of this experiment. */
  experimentId?: string;
  /** Only these runs, at most 16. */
  runIds?: readonly string[];
  /** Runs whose files are looked at while they write them, at most 16: `files` tells of other runs when theirs are kept. */
  watch?: readonly string[];
  /** The `place` of an earlier event: every run that changed since comes first. Default: what happens from now on. */
  place?: string;
  /** How long the server may be out of reach before this gives up. Default: for ever. */
  maxUnreachableInMs?: number;
  /** A connection without a sign of life for so long is taken for dead. Default: 45 s; the server sends one every 15 s. */
  idleTimeoutInMs?: number;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * The events of a workspace, until the signal fires or the loop is left. A lost connection is told, taken up again where it was, and
 * told to be healed. Throws RestError for what asking again does not mend, as a token that is refused.
 */
export async function* liveEvents(
  transport: Transport,
  path: PathParameters,
  options: EventsOptions,
): AsyncGenerator<LiveEvent, void, undefined> {
  const { maxUnreachableInMs = Number.POSITIVE_INFINITY } = options;
  const state = new Place(options);
  let lostSince: number | undefined;
  // The first time we come back at once: most cuts are a proxy's whim.
  let pauseMs = 0;
  for (;;) {
    throwIfAborted(options.abortSignal);
    let cause: unknown;
    try {
      for await (const event of connect(transport, path, state, options)) {
        if (event.kind === "hello") {
          if (lostSince !== undefined) yield { kind: "connection", state: "healed" };
          lostSince = undefined;
          pauseMs = 0;
        }
        state.note(event);
        yield event;
      }
    } catch (error) {
      if (options.abortSignal?.aborted) throwIfAborted(options.abortSignal);
      if (!isCut(error)) throw error;
      cause = error;
    }
    if (lostSince === undefined) {
      lostSince = Date.now();
      yield { kind: "connection", state: "lost" };
    } else if (Date.now() - lostSince >= maxUnreachableInMs) {
      throw cause ?? new Error("The server ends every stream of events that it begins.");
    }
    const waitMs = isRestError(cause) && cause.response ? retryAfterInMs(cause.response) : undefined;
    await delay(waitMs ?? pauseMs * (0.5 + Math.random() / 2), options.abortSignal);
    pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pauseMs * 2));
  }
}

async function* connect(
  transport: Transport,
  path: PathParameters,
  state: Place,
  { idleTimeoutInMs = 45_000, ...options }: EventsOptions,
): AsyncGenerator<LiveEvent, void, undefined> {
  using linked = linkedController(options.abortSignal);
  let timer = setTimeout(() => linked.abort(), idleTimeoutInMs);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => linked.abort(), idleTimeoutInMs);
  };
  try {
    const { body } = await transport.stream(operations.events, {
      path,
      query: {
        kinds: options.kinds,
        experimentId: options.experimentId,
        runId: options.runIds,
        watch: options.watch,
        log: state.logs(),
      },
      ...(state.place === undefined ? {} : { headers: { "last-event-id": state.place } }),
      // The loop above has the patience, and tells of it.
      retry: "never",
      options: { abortSignal: linked.signal },
    });
    alive();
    for await (const event of serverEvents(chunksOf(body), alive)) {
      const read = readLiveEvent(event);
      if (read) yield read;
      // The reader may have taken its time; that says nothing about the connection.
      alive();
    }
  } finally {
    clearTimeout(timer);
    linked.abort();
  }
}

/** How far everything was read: where the next connection begins. */
class Place {
  place: string | undefined;
  readonly #logs: LiveLog[];

  constructor({ place, logs = [] }: EventsOptions) {
    this.place = place;
    this.#logs = logs.map((log) => ({ ...log }));
  }

  note(event: LiveEvent): void {
    if (event.kind === "hello" || event.kind === "run" || event.kind === "reset") this.place = event.place;
    if (!("path" in event) && !("runId" in event)) return;
    const at = this.#logs.findIndex(
      (log) => log.runId === event.runId && log.path === ("path" in event ? event.path : undefined),
    );
    const log = this.#logs[at];
    if (log === undefined) return;
    if (event.kind === "log") log.place = event.place;
    if (event.kind === "restart") log.place = 0;
    // What has been told to its end is not asked for again.
    if (event.kind === "end" || event.kind === "fault") this.#logs.splice(at, 1);
  }

  logs(): readonly string[] {
    return this.#logs.map(({ runId, path, place }) => {
      const name = path === undefined ? runId : `${runId}/${path}`;
      return place === undefined ? name : `${name}@${place}`;
    });
  }
}
