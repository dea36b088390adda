// One API server: a question with a deadline and a bounded answer, and a stream of changes. Knows no job and no run.
import { type IncomingMessage, request as requestHttp } from "node:http";
import { type RequestOptions, request as requestHttps } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { isMalachiteError, MalachiteError } from "@malachite/core";
import { ClusterRefused } from "./clusterRefused.ts";

export type Ask = {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Of the body; JSON unless told. */
  readonly contentType?: string;
  readonly deadlineMs?: number;
};

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** One change: the object as it is now, as JSON. */
export type WatchEvent = { readonly type: string; readonly object: unknown };

export type Cluster = {
  /** As people know it. */
  readonly server: string;
  /** Of the context, where it names one. */
  readonly namespace: string | undefined;
  /** The parsed answer. Throws ClusterRefused for what is refused, EngineUnavailable for what cannot be asked or was not answered in time. */
  ask<T>(method: Method, path: string, ask: Ask | undefined, signal: AbortSignal): Promise<T>;
  /** Changes from the version in the query on, after one of type OPEN, until the server ends the stream; throws as `ask` does, also when it breaks. */
  watch(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent>;
};

export type ClusterOptions = {
  readonly server: string;
  readonly namespace?: string | undefined;
  /** What proves who asks, and whom to trust: options of an HTTP request. */
  readonly credentials: () => Promise<RequestOptions>;
};

const DEADLINE_MS = 15_000;
/** A page of a list is a few megabytes; whatever is longer is none. */
const LONGEST_ANSWER = 64 * 2 ** 20;
const LONGEST_LINE = 16 * 2 ** 20;
/** A server that is too busy says so, and for how long. */
const BUSY = [429, 503];
const BUSY_TRIES = 3;
const LONGEST_BUSY_MS = 3000;
const CLOSED_TRIES = 8;
/** Probes of the connection: one whose other end is gone without a word is noticed within half a minute. */
const PROBE_MS = 10_000;

export function createCluster({ server, namespace, credentials }: ClusterOptions): Cluster {
  const base = server.replace(/\/+$/, "");
  const unavailable = (what: string, cause?: unknown): MalachiteError =>
    new MalachiteError("EngineUnavailable", `The Kubernetes API server ${server} ${what}`, { cause });

  /** A kept connection may have been closed by the other side just now: then the question has not been heard, and all can be asked twice. */
  async function send(method: Method, path: string, ask: Ask, signal: AbortSignal): Promise<IncomingMessage> {
    for (let tries = 1; ; tries++)
      try {
        return await sendOnce(method, path, ask, signal);
      } catch (error) {
        if (!(error instanceof ClosedMeanwhile) || tries > CLOSED_TRIES) throw error;
      }
  }

  async function sendOnce(
    method: Method,
    path: string,
    { query = {}, body, contentType = "application/json" }: Ask,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const given = await credentials().catch((cause: Error) => {
      throw unavailable(`cannot be asked: its credentials could not be had: ${cause.message}`, cause);
    });
    signal.throwIfAborted();
    const search = new URLSearchParams(query).toString();
    const url = new URL(`${base}${path}${search === "" ? "" : `?${search}`}`);
    const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const request = url.protocol === "http:" ? requestHttp : requestHttps;
    return new Promise((resolve, reject) => {
      const asked = request(url, {
        ...given,
        method,
        signal,
        headers: {
          ...given.headers,
          accept: "application/json",
          "user-agent": "malachite",
          ...(text === undefined ? {} : { "content-type": contentType, "content-length": text.length }),
        },
      });
      asked.on("response", resolve).on("error", (error: NodeJS.ErrnoException) => {
        const isClosed = asked.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
        reject(isClosed ? new ClosedMeanwhile(error.message, { cause: error }) : error);
      });
      asked.on("socket", (socket) => socket.setKeepAlive(true, PROBE_MS));
      asked.end(text);
    });
  }

  async function askOnce<T>(method: Method, path: string, ask: Ask, signal: AbortSignal): Promise<T | Busy> {
    const deadline = AbortSignal.timeout(ask.deadlineMs ?? DEADLINE_MS);
    try {
      const answer = await send(method, path, ask, AbortSignal.any([signal, deadline]));
      const text = await readAll(answer);
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status < 300) return JSON.parse(text) as T;
      if (BUSY.includes(status)) return new Busy(status, retryAfterMs(answer), wordsOf(text));
      if (status === 401) throw unavailable(unknownHere(text));
      if (status >= 500) throw unavailable(`answered ${status}: ${wordsOf(text)}`);
      throw refusal(status, text);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof ClusterRefused || isMalachiteError(cause)) throw cause;
      const late = `did not answer within ${(ask.deadlineMs ?? DEADLINE_MS) / 1000} s.`;
      throw unavailable(
        deadline.aborted ? late : `does not answer: ${whyNot(cause as NodeJS.ErrnoException)}`,
        cause,
      );
    }
  }

  return {
    server,
    namespace,
    async ask<T>(method: Method, path: string, ask: Ask = {}, signal: AbortSignal): Promise<T> {
      for (let tries = 1; ; tries++) {
        const answer = await askOnce<T>(method, path, ask, signal);
        if (!(answer instanceof Busy)) return answer;
        if (tries === BUSY_TRIES)
          throw unavailable(`is too busy, it answered ${answer.status}: ${answer.words}`);
        await pause(answer.afterMs, undefined, { signal });
      }
    },
    async *watch(path, query, signal) {
      try {
        const answer = await send("GET", path, { query: { ...query, watch: "true" } }, signal);
        const status = answer.statusCode ?? 0;
        if (status !== 200) {
          const text = await readAll(answer);
          if (status === 401) throw unavailable(unknownHere(text));
          if (status === 429 || status >= 500) throw unavailable(`answered ${status}: ${wordsOf(text)}`);
          throw refusal(status, text);
        }
        yield { type: "OPEN", object: undefined };
        yield* linesOf(answer);
      } catch (cause) {
        signal.throwIfAborted();
        if (cause instanceof ClusterRefused || isMalachiteError(cause)) throw cause;
        throw unavailable(`has cut a stream of changes: ${(cause as Error).message}`, cause);
      }
    },
  };
}

class ClosedMeanwhile extends Error {}

/** An answer that asks for patience. */
class Busy {
  readonly status: number;
  readonly afterMs: number;
  readonly words: string;

  constructor(status: number, afterMs: number, words: string) {
    this.status = status;
    this.afterMs = afterMs;
    this.words = words;
  }
}

function retryAfterMs({ headers }: IncomingMessage): number {
  const seconds = Number(headers["retry-after"]);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, LONGEST_BUSY_MS) : 500;
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) throw new Error(`its answer is longer than ${LONGEST_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function* linesOf(answer: IncomingMessage): AsyncGenerator<WatchEvent> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    let begin = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, begin)) {
      const line = Buffer.concat([...rest, chunk.subarray(begin, end)]).toString("utf8");
      rest = [];
      length = 0;
      begin = end + 1;
      if (line.trim() !== "") yield JSON.parse(line) as WatchEvent;
    }
    rest.push(chunk.subarray(begin));
    length += chunk.length - begin;
    if (length > LONGEST_LINE) throw new Error(`a change is longer than ${LONGEST_LINE} bytes`);
  }
}

type Status = { readonly reason?: string; readonly message?: string };

function statusOf(text: string): Status {
  try {
    return JSON.parse(text) as Status;
  } catch {
    // A proxy between answers with a page of its own.
    return {};
  }
}

const wordsOf = (text: string): string => statusOf(text).message ?? text.slice(0, 200).trim();

const unknownHere = (text: string): string =>
  `answered 401: ${wordsOf(text)}. What it is asked with is wrong, or has expired: the token, certificate or program of the kubeconfig.`;

/** Of a certificate: by nobody who is trusted. */
const UNTRUSTED = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_SIGNATURE_FAILURE",
]);

const whyNot = ({ code = "", message }: NodeJS.ErrnoException): string =>
  UNTRUSTED.has(code)
    ? `its certificate is signed by nobody whom the kubeconfig trusts (certificate-authority): ${code}`
    : message || code;

const refusal = (status: number, text: string): ClusterRefused =>
  new ClusterRefused(status, statusOf(text).reason ?? "", wordsOf(text));
