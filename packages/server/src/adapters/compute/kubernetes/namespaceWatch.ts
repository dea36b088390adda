// What there is of a service's jobs and pods in one namespace, kept true by a stream of changes: one list, then only what is new.
import { setTimeout as pause } from "node:timers/promises";
import { isMalachiteError, type LaunchKey, MalachiteError } from "@malachite/core";
import { withSignal } from "../shared/withSignal.ts";
import type { Cluster } from "./cluster.ts";
import { isRefused } from "./clusterRefused.ts";
import {
  type Facts,
  isOver,
  type JobFacts,
  jobFacts,
  LABELS,
  type PodFacts,
  podFacts,
  versionOf,
} from "./facts.ts";

export type Seen = {
  readonly job: JobFacts | undefined;
  readonly pods: readonly PodFacts[];
  /** The pod that the cluster or somebody takes away, or has taken: it says why only for as long as that is there. */
  readonly leaving?: PodFacts;
};

/** Disposed, it throws EngineUnavailable at whoever waits for it. */
export type NamespaceWatch = Disposable & {
  /** Resolves when all that was there a moment ago is known. Throws EngineUnavailable where the cluster does not answer now. */
  current(signal: AbortSignal): Promise<void>;
  seen(key: LaunchKey): Seen;
  /** An object that was made or read just now, before the stream tells of it. */
  learn(facts: Facts): void;
  forget(key: LaunchKey): void;
};

export type NamespaceWatchOptions = {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly service: string;
  /** Called with the key of a launch whose job or pods have changed. */
  readonly onChange: (key: LaunchKey) => void;
};

const PAGE = "500";
/** The server ends a stream after so long, and it is taken up again: what a proxy has lost on the way shows then at the latest. */
const STREAM_SECONDS = 240;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

type Resource = { readonly path: string; readonly facts: (object: unknown) => Facts | undefined };

/** Asks nothing until `current` is called for the first time. */
export function createNamespaceWatch(options: NamespaceWatchOptions): NamespaceWatch {
  const { cluster, namespace, service, onChange } = options;
  const closing = new AbortController();
  const labelSelector = `${LABELS.service}=${service}`;
  const jobs = new Map<LaunchKey, JobFacts>();
  const pods = new Map<LaunchKey, Map<string, PodFacts>>();
  const leaving = new Map<LaunchKey, PodFacts>();
  const streams = [
    follow({ path: `/apis/batch/v1/namespaces/${namespace}/jobs`, facts: jobFacts }),
    follow({ path: `/api/v1/namespaces/${namespace}/pods`, facts: podFacts }),
  ];

  const closed = () =>
    new MalachiteError("EngineUnavailable", `The access to ${cluster.server} has changed, and is read anew.`);
  const known = (facts: Facts): Facts | undefined =>
    facts.kind === "job" ? jobs.get(facts.key) : pods.get(facts.key)?.get(facts.uid);

  /** Of several pods that are deleted the first tells why, or the one that has failed: with it goes the job, and with that the others. */
  function leaves(pod: PodFacts): void {
    const { key, uid, disrupted, reason } = pod;
    const first = leaving.get(key);
    const others = [...(pods.get(key)?.values() ?? [])].filter((one) => one.uid !== uid);
    const isOne = (first ?? pod).uid === uid && others.every(({ phase }) => phase !== "Failed");
    if (isOne || disrupted !== undefined || reason !== "") leaving.set(key, pod);
  }

  function put(facts: Facts): void {
    // What was read just now may be newer than what the stream brings next.
    if (isOlder(facts.version, known(facts)?.version)) return;
    if (facts.kind === "pod" && isLeaving(facts)) leaves(facts);
    if (facts.kind === "job") jobs.set(facts.key, facts);
    else pods.set(facts.key, (pods.get(facts.key) ?? new Map()).set(facts.uid, facts));
    onChange(facts.key);
  }

  function remove(facts: Facts): void {
    if (facts.kind === "job") {
      if (jobs.get(facts.key)?.uid === facts.uid) jobs.delete(facts.key);
    } else {
      const own = pods.get(facts.key);
      if (own?.has(facts.uid) && !isOver(facts)) leaves({ ...facts, deleted: true });
      own?.delete(facts.uid);
      if (own?.size === 0) pods.delete(facts.key);
    }
    onChange(facts.key);
  }

  /** One kind of objects: `synced` resolves when the list is known, and is renewed when the stream has broken. */
  function follow({ path, facts }: Resource) {
    let state: "idle" | "listing" | "live" | "broken" = "idle";
    let version: string | undefined;
    let trouble: unknown;
    let waiters: (() => void)[] = [];
    let wake = new AbortController();

    function became(next: typeof state, why?: unknown): void {
      state = next;
      trouble = why;
      if (next !== "live" && next !== "broken") return;
      const told = waiters;
      waiters = [];
      for (const tell of told) tell();
    }

    async function list(): Promise<string> {
      const there = new Map<string, Facts>();
      let version = "";
      for (let next = ""; ; ) {
        const query = { labelSelector, limit: PAGE, ...(next === "" ? {} : { continue: next }) };
        const page = await cluster.ask<{
          metadata?: { resourceVersion?: string; continue?: string };
          items?: unknown[];
        }>("GET", path, { query, deadlineMs: 30_000 }, closing.signal);
        for (const item of page.items ?? []) {
          const one = facts(item);
          if (one !== undefined) there.set(one.uid, one);
        }
        version = page.metadata?.resourceVersion ?? "";
        next = page.metadata?.continue ?? "";
        if (next === "") break;
      }
      for (const one of all()) if (!there.has(one.uid) && !isOlder(version, one.version)) remove(one);
      for (const one of there.values()) put(one);
      return version;
    }

    const all = (): Facts[] =>
      facts === jobFacts ? [...jobs.values()] : [...pods.values()].flatMap((own) => [...own.values()]);

    /** Follows changes until the server ends the stream. Afterwards `version` is where to go on, or undefined when all must be listed anew. */
    async function stream(from: string): Promise<void> {
      const query = {
        ...{ labelSelector, resourceVersion: from, allowWatchBookmarks: "true" },
        timeoutSeconds: String(STREAM_SECONDS),
      };
      for await (const { type, object } of cluster.watch(path, query, closing.signal)) {
        if (type === "OPEN") became("live");
        else if (type === "ERROR") {
          const { code, message } = object as { code?: number; message?: string };
          version = undefined;
          if (code === 410) return;
          throw new MalachiteError(
            "EngineUnavailable",
            `The stream of changes of ${cluster.server} broke off: ${message}`,
          );
        } else {
          version = versionOf(object) || version;
          const one = type === "BOOKMARK" ? undefined : facts(object);
          if (one !== undefined && type === "DELETED") remove(one);
          else if (one !== undefined) put(one);
        }
      }
    }

    async function run(): Promise<void> {
      let wait = FIRST_PAUSE_MS;
      while (!closing.signal.aborted) {
        const begun = performance.now();
        try {
          if (version === undefined) {
            became("listing");
            version = await list();
          }
          await stream(version);
          if (performance.now() - begun > LONGEST_PAUSE_MS) wait = FIRST_PAUSE_MS;
        } catch (error) {
          if (closing.signal.aborted) break;
          if (isRefused(error, 410)) version = undefined;
          else became("broken", error);
        }
        wake = new AbortController();
        await pause(wait, undefined, { signal: AbortSignal.any([closing.signal, wake.signal]) }).catch(
          () => {},
        );
        wait = Math.min(wait * 2, LONGEST_PAUSE_MS);
      }
      became("broken", closed());
    }

    return {
      /** Resolves when the stream is live; throws what it broke with when a new try has failed too. */
      async synced(): Promise<void> {
        if (closing.signal.aborted) throw closed();
        if (state === "idle") {
          became("listing");
          void run();
        } else if (state === "broken") {
          became("listing");
          wake.abort();
        }
        if (state !== "live") await new Promise<void>((resolve) => waiters.push(resolve));
        if (state === "broken") throw trouble;
      },
    };
  }

  return {
    async current(signal) {
      signal.throwIfAborted();
      // A stream that is silent may be one that nobody feeds: so a small question, which must be answered now.
      const probe = cluster.ask(
        "GET",
        `/apis/batch/v1/namespaces/${namespace}/jobs`,
        { query: { labelSelector, limit: "1", resourceVersion: "0" }, deadlineMs: 10_000 },
        signal,
      );
      const synced = Promise.all(streams.map((one) => one.synced()));
      try {
        await withSignal(Promise.all([probe, synced]), signal);
      } catch (error) {
        signal.throwIfAborted();
        throw asUnavailable(error, cluster, namespace);
      }
    },
    seen: (key) => ({
      job: jobs.get(key),
      pods: [...(pods.get(key)?.values() ?? [])].sort((a, b) => a.index - b.index),
      ...(leaving.has(key) ? { leaving: leaving.get(key) as PodFacts } : {}),
    }),
    learn: put,
    forget(key) {
      jobs.delete(key);
      pods.delete(key);
      leaving.delete(key);
    },
    [Symbol.dispose]: () => closing.abort(),
  };
}

const isLeaving = (pod: PodFacts): boolean =>
  pod.disrupted !== undefined || pod.reason === "Evicted" || (pod.deleted === true && !isOver(pod));

/** What may not be listed cannot be told either: that is no news about any run. */
export function asUnavailable(error: unknown, { server }: Cluster, namespace: string): unknown {
  if (isMalachiteError(error) || !(error instanceof Error)) return error;
  const text = `The jobs and pods of the namespace '${namespace}' of ${server} cannot be seen: ${error.message}`;
  return new MalachiteError("EngineUnavailable", text, { cause: error });
}

/** Versions are numbers that grow, as servers count today; where they are none, what comes later is later. */
function isOlder(version: string, than: string | undefined): boolean {
  if (than === undefined || !/^\d+$/.test(version) || !/^\d+$/.test(than)) return false;
  return BigInt(version) < BigInt(than);
}
