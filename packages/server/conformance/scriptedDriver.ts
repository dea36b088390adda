// An engine whose every misbehaviour is data, behind the port of all drivers. For tests of the flow; it runs nothing.
import {
  type Clock,
  type ComputeDriver,
  type Handle,
  type LaunchKey,
  type LaunchPlan,
  MalachiteError,
  type RunFolder,
  type Sighting,
  type Usage,
} from "@malachite/core";
import { scriptedFolder } from "./scriptedFolder.ts";

/** How one launch behaves. All times are ms of the clock, counted from what went before. */
export type Script = {
  /** Time in the engine's queue before it starts; 0 unless told. */
  readonly waitForMs?: number;
  /** What the engine says while it waits. */
  readonly why?: string;
  /** Time from start to end; 0 unless told, `forever` until it is stopped. */
  readonly runForMs?: number | "forever";
  /** The end; exit code 0 unless told. */
  readonly exitCode?: number;
  readonly signal?: string;
  readonly outOfMemory?: boolean;
  /** The command could not be started, in these words. */
  readonly failure?: string;
  /** `launch` throws this and the engine knows nothing of it; `times` limits how often (always unless told). */
  readonly failLaunch?: { readonly error: Error; readonly times?: number };
  /** The engine takes the job and the answer is lost: `launch` throws this, `find` knows the job. */
  readonly loseAnswer?: Error;
  /** Time until `launch` answers. */
  readonly slowLaunchMs?: number;
  /** The engine forgets the job so long after it was accepted, its exit record too: it is gone. */
  readonly forgetAfterMs?: number;
  /** So long after its start there is no process any more and no exit record; what it wrote is there. */
  readonly vanishAfterMs?: number;
  /** What the engine says of that, where it brought it about. */
  readonly taken?: Pick<Extract<Sighting, { at: "gone" }>, "taken" | "as">;
  /** Does not end when asked to, only when forced. */
  readonly ignoresTerm?: boolean;
  /** Time from being asked to the end. */
  readonly stopForMs?: number;
  /** What it uses, so long after its start. */
  readonly usage?: (ranMs: number) => Omit<Usage, "at">;
  /** What it prints: at once, or piece by piece at times after its start. */
  readonly log?: string | readonly { readonly atMs: number; readonly text: string }[];
  /** Whatever is asked of its files throws this. */
  readonly unreadable?: Error;
  /** `release` throws this. */
  readonly unfreeable?: Error;
  /** Files by their path in the run's folder, as `project/outputs/x`; there from the start on. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
};

export type ScriptedJob = {
  readonly plan: LaunchPlan;
  readonly secrets: Readonly<Record<string, string>>;
  readonly acceptedAt: number;
};

/** The engine: outlives the drivers that talk to it, as a real one outlives the service. */
export type ScriptedEngine = {
  /** A driver that remembers nothing, as after a restart of the service. */
  driver(): ComputeDriver;
  /** Every question throws EngineUnavailable for so long. */
  unreachableFor(ms: number): void;
  /** Loses the job: no process, no exit record. */
  forget(key: LaunchKey): void;
  /** Tells listeners of `hints` that the launch may have news. */
  hint(key: LaunchKey): void;
  /** Jobs that were accepted and not released, by key. */
  jobs(): ReadonlyMap<LaunchKey, ScriptedJob>;
  /** Keys in the order in which jobs were accepted, released ones too: a key twice is a double start. */
  readonly accepted: readonly LaunchKey[];
  /** Calls in order, as `launch KEY`. */
  readonly calls: readonly string[];
};

type Job = ScriptedJob & {
  readonly script: Script;
  stopped?: { readonly at: number; readonly signal: string };
};
type End = Extract<Sighting, { at: "ended" }>;

/** `scriptFor` is asked once for each job that is launched. */
export function createScriptedEngine(options: {
  readonly clock: Clock;
  readonly scriptFor: (plan: LaunchPlan) => Script;
  readonly kind?: string;
  readonly can?: ComputeDriver["can"];
  /** Names of target options it knows. */
  readonly knows?: readonly string[];
}): ScriptedEngine {
  const { clock, scriptFor, kind = "scripted", knows = [] } = options;
  const can = options.can ?? { multiNode: false, images: false, gpus: false };
  const jobs = new Map<LaunchKey, Job>();
  const failures = new Map<LaunchKey, number>();
  const accepted: LaunchKey[] = [];
  const calls: string[] = [];
  const listeners = new Set<(key: LaunchKey) => void>();
  let unreachableUntil = Number.NEGATIVE_INFINITY;

  const ask = (call: string): void => {
    calls.push(call);
    if (clock.now() < unreachableUntil) {
      throw new MalachiteError("EngineUnavailable", "The scripted engine does not answer.");
    }
  };
  const present = (key: LaunchKey): Job | undefined => {
    const job = jobs.get(key);
    const { forgetAfterMs } = job?.script ?? {};
    return job && forgetAfterMs !== undefined && clock.now() >= job.acceptedAt + forgetAfterMs
      ? undefined
      : job;
  };
  const handleOf = (key: LaunchKey): Handle => ({ key, kind, version: 1, state: "scripted" });
  const faultOf = (asked: LaunchPlan["target"]): string | undefined => {
    const name = Object.keys(asked.options).find((option) => !knows.includes(option));
    return name === undefined ? undefined : `Option ${name} of compute target '${asked.name}' is not known.`;
  };

  function accept(plan: LaunchPlan, secrets: ScriptedJob["secrets"], script: Script): void {
    if (jobs.has(plan.key)) return;
    jobs.set(plan.key, { plan, secrets, script, acceptedAt: clock.now() });
    accepted.push(plan.key);
  }

  function mustFail({ key }: LaunchPlan, { failLaunch }: Script): boolean {
    const failed = failures.get(key) ?? 0;
    if (failLaunch === undefined || failed >= (failLaunch.times ?? Number.POSITIVE_INFINITY)) return false;
    failures.set(key, failed + 1);
    return true;
  }

  const driver: ComputeDriver = {
    kind,
    can,
    async check(target) {
      const fault = faultOf(target);
      if (fault !== undefined) return { usable: false, reason: fault };
      const isThere = clock.now() >= unreachableUntil;
      return isThere ? { usable: true } : { usable: false, reason: "The scripted engine does not answer." };
    },
    async launch({ plan, secrets }, signal) {
      signal.throwIfAborted();
      ask(`launch ${plan.key}`);
      const fault = faultOf(plan.target);
      if (fault !== undefined) throw new MalachiteError("UnsupportedField", fault);
      const script = jobs.get(plan.key)?.script ?? scriptFor(plan);
      if (mustFail(plan, script)) throw script.failLaunch?.error;
      accept(plan, secrets, script);
      if (script.slowLaunchMs !== undefined) await clock.sleep(script.slowLaunchMs, signal);
      if (script.loseAnswer !== undefined) throw script.loseAnswer;
      return handleOf(plan.key);
    },
    async find(_target, key, signal) {
      signal.throwIfAborted();
      ask(`find ${key}`);
      return present(key) && handleOf(key);
    },
    async observe(handles, signal) {
      signal.throwIfAborted();
      ask(`observe ${handles.length}`);
      const sight = ({ key }: Handle): Sighting => {
        const job = present(key);
        return job === undefined ? { at: "gone" } : sightingOf(job, clock.now());
      };
      return new Map(handles.map((handle) => [handle.key, sight(handle)]));
    },
    async stop({ key }, graceMs, signal) {
      ask(`stop ${key}`);
      const job = present(key);
      if (job === undefined) return;
      const at = clock.now();
      if (endOf(job) > at) {
        const forced = graceMs === 0 || job.script.ignoresTerm === true;
        const end = {
          at: at + (forced ? graceMs : (job.script.stopForMs ?? 0)),
          signal: forced ? "SIGKILL" : "SIGTERM",
        };
        if (job.stopped === undefined || end.at < job.stopped.at) job.stopped = end;
      }
      const rest = endOf(job) - clock.now();
      if (rest > 0) await clock.sleep(rest, signal);
      signal.throwIfAborted();
    },
    async usage(runs, signal) {
      signal.throwIfAborted();
      ask(`usage ${runs.length}`);
      const now = clock.now();
      const told = runs.flatMap(({ handle: { key } }): [LaunchKey, Usage][] => {
        const job = present(key);
        const running = job !== undefined && sightingOf(job, now).at === "running";
        const usage = running ? job.script.usage?.(now - startOf(job)) : undefined;
        return usage === undefined ? [] : [[key, { at: now, ...usage }]];
      });
      return new Map(told);
    },
    folder: ({ key }): RunFolder =>
      scriptedFolder(() => {
        const job = present(key);
        if (job?.script.unreadable) throw job.script.unreadable;
        return filesOf(job, clock.now());
      }, clock),
    async release({ key }) {
      ask(`release ${key}`);
      const { unfreeable } = jobs.get(key)?.script ?? {};
      if (unfreeable) throw unfreeable;
      jobs.delete(key);
    },
    async *hints(signal) {
      const news: LaunchKey[] = [];
      let wake = (): void => {};
      const listener = (key: LaunchKey): void => {
        news.push(key);
        wake();
      };
      const end = (): void => wake();
      listeners.add(listener);
      signal.addEventListener("abort", end, { once: true });
      while (!signal.aborted) {
        const key = news.shift();
        if (key !== undefined) yield key;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
      listeners.delete(listener);
    },
  };

  return {
    driver: () => ({ ...driver }),
    unreachableFor(ms) {
      unreachableUntil = clock.now() + ms;
    },
    forget: (key) => void jobs.delete(key),
    hint(key) {
      for (const listener of listeners) listener(key);
    },
    jobs: () => jobs,
    accepted,
    calls,
  };
}

const startOf = ({ acceptedAt, script }: Job): number => acceptedAt + (script.waitForMs ?? 0);

function endOf(job: Job): number {
  const { runForMs = 0 } = job.script;
  const byItself = runForMs === "forever" ? Number.POSITIVE_INFINITY : startOf(job) + runForMs;
  return Math.min(byItself, job.stopped?.at ?? Number.POSITIVE_INFINITY);
}

function sightingOf(job: Job, now: number): Sighting {
  if (now >= startOf(job) + (job.script.vanishAfterMs ?? Number.POSITIVE_INFINITY))
    return { at: "gone", ...job.script.taken };
  if (now >= endOf(job)) return endSighting(job);
  if (now >= startOf(job)) return { at: "running", startedAt: startOf(job) };
  return { at: "waiting", why: job.script.why };
}

function endSighting(job: Job): End {
  const { script, stopped } = job;
  const endedAt = endOf(job);
  // Stopped while it waited: it never started.
  const times = { startedAt: Math.min(startOf(job), endedAt), endedAt };
  if (stopped !== undefined && stopped.at === endedAt) {
    return { at: "ended", code: null, signal: stopped.signal, ...times };
  }
  return {
    at: "ended",
    code: script.signal === undefined ? (script.exitCode ?? 0) : null,
    ...(script.signal !== undefined && { signal: script.signal }),
    ...(script.outOfMemory === true && { outOfMemory: true }),
    ...(script.failure !== undefined && { failure: script.failure }),
    ...times,
  };
}

function filesOf(job: Job | undefined, now: number): ReadonlyMap<string, Uint8Array> {
  if (job === undefined || now < startOf(job)) return new Map();
  const { log = "", files = {} } = job.script;
  const pieces = typeof log === "string" ? [{ atMs: 0, text: log }] : log;
  const until = Math.min(now, endOf(job)) - startOf(job);
  const printed = pieces.filter(({ atMs }) => atMs <= until).map(({ text }) => text);
  const all = { ...files, "user_logs/std_log.txt": printed.join("") };
  return new Map(Object.entries(all).map(([path, content]) => [path, Buffer.from(content)]));
}
