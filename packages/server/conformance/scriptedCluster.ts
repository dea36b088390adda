// A Kubernetes API server for tests, whose every misbehaviour is data: jobs, pods, secrets, events, streams of changes with versions.
// Its pods run nothing: what one does is said by the command of its job, and it writes the files of the run as a start script would.
import { once } from "node:events";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import {
  claim,
  commandOf,
  folderOf,
  hasVolume,
  type Meta,
  matches,
  merge,
  say,
  type Thing,
} from "./scriptedObjects.ts";

type Change = {
  readonly kind: string;
  readonly type: string;
  readonly version: number;
  readonly object: Thing;
};

/** What the next question whose path matches gets instead of its answer; `times` of them, one unless told. */
export type Fault = {
  readonly on: RegExp;
  times?: number;
  readonly status?: number;
  readonly message?: string;
  readonly retryAfter?: number;
  /** The connection is cut: before the question is acted on, or after. */
  readonly drop?: "before" | "after";
  readonly delayMs?: number;
};

export type ScriptedCluster = AsyncDisposable & {
  readonly url: string;
  readonly faults: Fault[];
  /** Every question, as `GET /path?query`. */
  readonly asked: string[];
  things(kind: string): Thing[];
  add(kind: string, name: string, given: Partial<Thing>): Thing;
  /** Changes an object as a controller would, and tells the streams. */
  change(kind: string, name: string, work: (thing: Thing) => void): void;
  remove(kind: string, name: string): void;
  /** Ends all streams of changes. `forget`: what they would go on from is not known any more. */
  cutStreams(how?: { forget?: boolean }): void;
  /** Nobody listens any more, and connections that were open are cut. */
  down(): Promise<void>;
  up(): Promise<void>;
};

const KINDS =
  /^\/(?:api\/v1|apis\/batch\/v1)\/namespaces\/([^/]+)\/(jobs|pods|secrets|services|events)(?:\/([^/]+))?$/;

export async function startScriptedCluster(): Promise<ScriptedCluster> {
  const all = new Map<string, Thing>();
  const log: Change[] = [];
  const streams = new Set<{ tell: (change: Change) => void; end: () => void }>();
  const faults: Fault[] = [];
  const asked: string[] = [];
  const ending = new AbortController();
  let version = 100;
  let oldest = 0;
  let serial = 0;
  const id = (kind: string, name: string) => `${kind}/${name}`;
  const get = (kind: string, name: string) => all.get(id(kind, name));
  const things = (kind: string) =>
    [...all].filter(([name]) => name.startsWith(`${kind}/`)).map(([, thing]) => thing);

  function tell(kind: string, type: string, object: Thing): void {
    object.metadata.resourceVersion = String(++version);
    const change = { kind, type, version, object: structuredClone(object) };
    log.push(change);
    for (const stream of streams) stream.tell(change);
  }

  function add(kind: string, name: string, given: Partial<Thing>): Thing {
    const thing = structuredClone(given) as Thing;
    thing.metadata = {
      ...{ labels: {}, annotations: {}, ...given.metadata },
      ...{ name, uid: `uid-${++serial}`, resourceVersion: "", creationTimestamp: new Date().toISOString() },
    };
    all.set(id(kind, name), thing);
    tell(kind, "ADDED", thing);
    return thing;
  }

  function change(kind: string, name: string, work: (thing: Thing) => void): void {
    const thing = get(kind, name);
    if (thing === undefined) return;
    work(thing);
    tell(kind, "MODIFIED", thing);
  }

  function remove(kind: string, name: string): void {
    const thing = get(kind, name);
    if (thing === undefined) return;
    all.delete(id(kind, name));
    tell(kind, "DELETED", thing);
  }

  const podsOf = (job: Thing) =>
    things("pods").filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === job.metadata.uid);
  const condition = (type: string, more: object = {}) => ({ type, status: "True", ...more });

  /** The controller of jobs: a pod for each, or an event that says why not. */
  function startPods(job: Thing): void {
    const [word] = commandOf(job);
    if (job.spec.suspend === true || word === "no-pod") return;
    if (word === "quota" || word === "rule") {
      const message =
        word === "quota"
          ? 'Error creating: pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3'
          : 'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest"';
      const involvedObject = { kind: "Job", name: job.metadata.name };
      add("events", `event-${++serial}`, { involvedObject, reason: "FailedCreate", message });
      return;
    }
    const { labels, annotations } = job.metadata;
    for (let index = 0; index < job.spec.completions; index++) {
      const metadata = {
        labels: { ...labels, "batch.kubernetes.io/job-completion-index": String(index) },
        annotations,
        ownerReferences: [{ uid: job.metadata.uid }],
      } as Partial<Meta> as Meta;
      const pod = add("pods", `${job.metadata.name}-${index}-${(++serial).toString(36)}`, {
        metadata,
        spec: structuredClone(job.spec.template.spec),
        status: { phase: "Pending" },
      });
      // One whose folder is no volume does what the test says.
      if (hasVolume(pod)) void live(pod).catch(() => {});
    }
  }

  function endPod(name: string, state: object, more: object = {}, phase = "Failed"): void {
    change("pods", name, (pod) => {
      pod.status = { phase, containerStatuses: [{ state: { terminated: state } }], ...more };
    });
    const pod = get("pods", name);
    const job = things("jobs").find(
      ({ metadata }) => metadata.uid === pod?.metadata.ownerReferences?.[0]?.uid,
    );
    if (job !== undefined && job.spec.suspend !== true)
      change("jobs", job.metadata.name, (one) => {
        const conditions = [
          phase === "Failed"
            ? condition("Failed", { reason: "BackoffLimitExceeded", message: "" })
            : condition("Complete"),
        ];
        one.status = { conditions };
      });
    if (pod?.metadata.deletionTimestamp !== undefined) remove("pods", name);
  }

  /** The node: what a pod does, by the first word of its command. */
  async function live(pod: Thing): Promise<void> {
    const { name } = pod.metadata;
    const [word = "", value = ""] = commandOf(pod);
    const folder = folderOf(pod);
    const state = (next: object, more: object = {}) =>
      change("pods", name, (one) => {
        one.status = { phase: "Pending", ...more, containerStatuses: [{ state: next }] };
      });
    const waits = (reason: string, message: string) => state({ waiting: { reason, message } });
    if (word === "unschedulable")
      return change("pods", name, (one) => {
        const why = {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "0/3 nodes are available: 3 Insufficient cpu.",
        };
        one.status = { phase: "Pending", conditions: [why] };
      });
    change("pods", name, (one) => {
      one.spec.nodeName = "node-1";
    });
    if (word === "bad-image") return waits("ImagePullBackOff", `Back-off pulling image "${value}"`);
    if (word === "no-such-name") return waits("InvalidImageName", `couldn't parse image name "${value}"`);
    if (word === "creating") return waits("ContainerCreating", "");
    await pause(5, undefined, { signal: ending.signal });
    if (get("pods", name)?.metadata.deletionTimestamp !== undefined) return remove("pods", name);
    const startedAt = new Date().toISOString();
    if (!claim(folder)) return endPod(name, { exitCode: 75, reason: "Error", startedAt });
    writeFileSync(join(folder, "pids"), "{}");
    state({ running: { startedAt } }, { phase: "Running" });
    if (word === "stubborn") writeFileSync(join(folder, "user_logs/std_log.txt"), "ready\n", { flag: "a" });
    if (word === "print") writeFileSync(join(folder, "user_logs/std_log.txt"), `${value}\n`, { flag: "a" });
    if (word === "oom") return endPod(name, { exitCode: 137, reason: "OOMKilled", startedAt });
    if (word === "evicted")
      return endPod(
        name,
        { exitCode: 137, reason: "Error", startedAt },
        { reason: "Evicted", message: "The node was low on resource: memory." },
      );
    if (word === "preempted") {
      const conditions = [
        condition("DisruptionTarget", {
          reason: "PreemptionByScheduler",
          message: "preempting to accommodate a higher priority pod",
        }),
      ];
      return endPod(name, { exitCode: 137, reason: "Error", startedAt }, { conditions });
    }
    if (word === "vanish") return endPod(name, { exitCode: 137, reason: "Error", startedAt });
    if (word === "exit" || word === "print")
      return finish(name, folder, { code: word === "exit" ? Number(value) : 0 });
    if (word === "die") return finish(name, folder, { code: null, signal: value });
    // It runs until it is asked to end: by the file that the driver leaves for the hook, once the pod is deleted.
    for (let asked: number | undefined; ; await pause(5, undefined, { signal: ending.signal })) {
      const now = get("pods", name);
      if (now === undefined) return;
      if (now.metadata.deletionTimestamp === undefined) continue;
      asked ??= Date.now();
      const graceMs = existsSync(join(folder, "stop"))
        ? Number(readFileSync(join(folder, "stop"), "utf8"))
        : 20_000;
      const forced = Date.now() - asked >= graceMs;
      if (word === "forever" && graceMs > 0) return finish(name, folder, { code: null, signal: "SIGTERM" });
      if (forced) return finish(name, folder, { code: null, signal: "SIGKILL" });
    }
  }

  function finish(name: string, folder: string, exit: object): void {
    const now = Date.now();
    writeFileSync(
      join(folder, "exit.new"),
      JSON.stringify({ version: 1, ...exit, startedAt: now, endedAt: now }),
    );
    renameSync(join(folder, "exit.new"), join(folder, "exit.json"));
    const isGood = (exit as { code: number | null }).code === 0;
    endPod(
      name,
      {
        exitCode: isGood ? 0 : 1,
        reason: isGood ? "Completed" : "Error",
        startedAt: new Date(now).toISOString(),
      },
      {},
      isGood ? "Succeeded" : "Failed",
    );
  }

  function deletePod({ metadata, status }: Thing): void {
    if (status.phase === "Succeeded" || status.phase === "Failed" || status.phase === "Pending")
      remove("pods", metadata.name);
    else
      change("pods", metadata.name, (one) => {
        one.metadata.deletionTimestamp ??= new Date().toISOString();
      });
  }

  function act(
    method: string,
    kind: string,
    name: string | undefined,
    query: URLSearchParams,
    body: Thing,
  ): [number, object] {
    const selected = () => things(kind).filter((thing) => matches(thing, query));
    const missing: [number, object] = [404, { reason: "NotFound", message: `${kind} "${name}" not found` }];
    if (method === "GET" && name === undefined)
      return [200, { metadata: { resourceVersion: String(version) }, items: selected() }];
    if (method === "POST") {
      const wanted = body.metadata.name;
      if (get(kind, wanted) !== undefined)
        return [409, { reason: "AlreadyExists", message: `${kind} "${wanted}" already exists` }];
      const made = add(kind, wanted, body);
      if (kind === "jobs") setTimeout(startPods, 5, made);
      return [201, made];
    }
    if (method === "DELETE" && name === undefined) {
      for (const one of selected()) deletePod(one);
      return [200, {}];
    }
    const thing = get(kind, name ?? "");
    if (thing === undefined) return missing;
    if (method === "DELETE") {
      const { uid = thing.metadata.uid } = (body as { preconditions?: { uid?: string } }).preconditions ?? {};
      if (uid !== thing.metadata.uid)
        return [
          409,
          { reason: "Conflict", message: `the UID in the precondition (${uid}) is not that of the object` },
        ];
      if (kind === "jobs") for (const pod of podsOf(thing)) deletePod(pod);
      remove(kind, name ?? "");
    }
    if (method === "PATCH")
      change(kind, name ?? "", (one) => {
        merge(one, body);
        if (kind !== "jobs" || one.spec.suspend !== true) return;
        for (const pod of podsOf(one)) deletePod(pod);
        one.status = {
          ...one.status,
          conditions: [...(one.status?.conditions ?? []), condition("Suspended")],
        };
      });
    return [200, thing];
  }

  function watch(kind: string, query: URLSearchParams, answer: ServerResponse): void {
    const from = Number(query.get("resourceVersion"));
    answer.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    const send = (type: string, object: object) => answer.write(`${JSON.stringify({ type, object })}\n`);
    if (from < oldest) {
      send("ERROR", { code: 410, reason: "Expired", message: "too old resource version" });
      answer.end();
      return;
    }
    const stream = {
      tell: (one: Change) => {
        if (one.kind === kind && one.version > from && matches(one.object, query)) send(one.type, one.object);
      },
      end: () => answer.destroy(),
    };
    for (const one of log) stream.tell(one);
    streams.add(stream);
    answer.on("close", () => streams.delete(stream));
  }

  async function serve(ask: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(ask.url ?? "", "http://x");
    asked.push(`${ask.method} ${url.pathname}${url.search}`);
    const given = await text(ask);
    const fault = faults.find(({ on }) => on.test(`${ask.method} ${url.pathname}${url.search}`));
    if (fault !== undefined) {
      fault.times = (fault.times ?? 1) - 1;
      if (fault.times <= 0) faults.splice(faults.indexOf(fault), 1);
      if (fault.delayMs !== undefined) await pause(fault.delayMs, undefined, { signal: ending.signal });
      if (fault.drop === "before") return void ask.socket.destroy();
      if (fault.status !== undefined) {
        if (fault.retryAfter !== undefined) answer.setHeader("retry-after", fault.retryAfter);
        return say(answer, fault.status, { message: fault.message ?? "as the test asks" });
      }
    }
    const [, , kind, name] = KINDS.exec(url.pathname) ?? [];
    if (url.pathname.endsWith("/selfsubjectaccessreviews"))
      return say(answer, 201, { status: { allowed: true } });
    if (/\/namespaces\/default$/.test(url.pathname)) return say(answer, 200, { kind: "Namespace" });
    if (kind === undefined) return say(answer, 404, { message: `there is no ${url.pathname} here` });
    if (url.searchParams.get("watch") === "true") return watch(kind, url.searchParams, answer);
    const [status, body] = act(
      ask.method ?? "",
      kind,
      name,
      url.searchParams,
      given === "" ? {} : JSON.parse(given),
    );
    if (fault?.drop === "after") return void ask.socket.destroy();
    say(answer, status, body);
  }

  const make = () => createServer((ask, answer) => void serve(ask, answer).catch(() => answer.destroy()));
  let server = make().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  async function down(): Promise<void> {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }
  return {
    ...{ url: `http://127.0.0.1:${port}`, faults, asked, things, add, change, remove, down },
    cutStreams({ forget = false } = {}) {
      if (forget) oldest = version + 1;
      for (const stream of streams) stream.end();
    },
    async up() {
      server = make().listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await down();
    },
  };
}
