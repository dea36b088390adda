// The engine of a simulated site: nodes, a queue of its own, jobs that last as long as their run was made to last. It misbehaves as
// engines do: it is away for a while, it loses answers, its nodes die.
import {
  type ComputeDriver,
  type Handle,
  type LaunchKey,
  type LaunchPlan,
  MalachiteError,
  type Sighting,
} from "@malachite/core";
import type { Chance, SimTime } from "./time.ts";

export const SITE_KIND = "slurm";

/** How a run behaves on the site: made with the run, found by its id. */
export type Behaviour = { readonly nodes: number; readonly lastsMs: number; readonly code: number };

type Job = {
  readonly key: LaunchKey;
  readonly run: string;
  readonly behaviour: Behaviour;
  state: "queued" | "running" | "ended" | "lost";
  startedAt?: number;
  endedAt?: number;
  signal?: string;
  forget?: () => void;
};

export type SiteFaults = {
  /** Of a launch whose answer is lost. */
  lostAnswer: number;
  /** Of a job whose node dies. */
  lostJob: number;
};

export class Site {
  readonly faults: string[] = [];
  /** While true nobody is answered. */
  isAway = false;
  starts = 0;
  mostNodes = 0;
  readonly #time: SimTime;
  readonly #chance: Chance;
  readonly #nodes: number;
  readonly #rates: SiteFaults;
  readonly #jobs = new Map<LaunchKey, Job>();
  #queue: Job[] = [];
  #taken = 0;
  /** Keys that have started, for as long as their run is known; runs of which a job runs. */
  readonly #started = new Map<string, Set<LaunchKey>>();
  readonly #running = new Map<string, LaunchKey>();
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #listeners = new Set<(key: LaunchKey) => void>();

  constructor(time: SimTime, chance: Chance, nodes: number, rates: SiteFaults) {
    this.#time = time;
    this.#chance = chance;
    this.#nodes = nodes;
    this.#rates = rates;
  }

  get jobs(): number {
    return this.#jobs.size;
  }

  /** A run that may come. */
  expect(run: string, behaviour: Behaviour): void {
    this.#behaviours.set(run, behaviour);
  }

  /** A run of which nothing more may come: says what is left of it. */
  over(run: string): void {
    if (this.#running.has(run)) this.faults.push(`${run}: a job runs on after its end`);
    this.#behaviours.delete(run);
    this.#started.delete(run);
  }

  #launch(plan: LaunchPlan, run: string): Job {
    const there = this.#jobs.get(plan.key);
    if (there) return there;
    const behaviour = this.#behaviours.get(run);
    if (behaviour === undefined) {
      this.faults.push(`${run}: launched after its end`);
      throw new MalachiteError("Unexpected", "no such run");
    }
    const job: Job = { key: plan.key, run, behaviour, state: "queued" };
    this.#jobs.set(plan.key, job);
    this.#queue.push(job);
    this.#fill();
    return job;
  }

  #fill(): void {
    while (this.#queue[0] !== undefined) {
      const [job] = this.#queue;
      if (job.state === "queued" && this.#taken + job.behaviour.nodes > this.#nodes) return;
      this.#queue.shift();
      if (job.state === "queued") this.#start(job);
    }
  }

  #start(job: Job): void {
    const { run, key, behaviour } = job;
    const started = this.#started.get(run) ?? new Set();
    if (started.has(key)) this.faults.push(`${run}: ${key} started twice`);
    this.#started.set(run, started.add(key));
    if (this.#running.has(run))
      this.faults.push(`${run}: ${key} started while ${this.#running.get(run)} ran`);
    this.#running.set(run, key);
    this.starts += 1;
    this.#taken += behaviour.nodes;
    this.mostNodes = Math.max(this.mostNodes, this.#taken);
    job.state = "running";
    job.startedAt = this.#time.now;
    const isLost = this.#chance.is(this.#rates.lostJob);
    const lastsMs = isLost ? behaviour.lastsMs * this.#chance.next() : behaviour.lastsMs;
    job.forget = this.#time.after(lastsMs, () => this.#end(job, isLost ? "lost" : "ended"));
    this.#tell(key);
  }

  #end(job: Job, state: "ended" | "lost", signal?: string): void {
    if (job.state === "running") {
      this.#taken -= job.behaviour.nodes;
      this.#running.delete(job.run);
    }
    job.forget?.();
    job.state = state;
    job.endedAt = this.#time.now;
    job.signal = signal;
    this.#tell(job.key);
    this.#fill();
  }

  #tell(key: LaunchKey): void {
    for (const listener of this.#listeners) listener(key);
  }

  /** The driver of one server; `ended` when there is none any more. */
  driver(ended: AbortSignal): ComputeDriver {
    const unavailable = () => new MalachiteError("EngineUnavailable", "The site does not answer.");
    const asked = async () => {
      if (this.isAway) throw unavailable();
    };
    const handleOf = ({ key, run }: Job): Handle => ({ key, kind: SITE_KIND, version: 1, state: run });
    const sighting = ({ state, behaviour, startedAt, endedAt, signal }: Job): Sighting =>
      state === "queued"
        ? { at: "waiting", why: "No nodes are free." }
        : state === "running"
          ? { at: "running", startedAt }
          : state === "lost"
            ? { at: "gone" }
            : { at: "ended", code: signal === undefined ? behaviour.code : null, signal, startedAt, endedAt };
    return {
      kind: SITE_KIND,
      can: { multiNode: true, images: false, gpus: false },
      check: async () => ({ usable: true }),
      launch: async ({ plan }) => {
        await asked();
        const job = this.#launch(plan, plan.environment.MALACHITE_SIMULATED_RUN ?? "");
        if (this.#chance.is(this.#rates.lostAnswer)) throw unavailable();
        return handleOf(job);
      },
      find: async (_target, key) => {
        await asked();
        const job = this.#jobs.get(key);
        return job && handleOf(job);
      },
      observe: async (handles) => {
        await asked();
        return new Map(
          handles.map(({ key }) => {
            const job = this.#jobs.get(key);
            return [key, job ? sighting(job) : { at: "gone" }] as const;
          }),
        );
      },
      stop: async ({ key }) => {
        await asked();
        const job = this.#jobs.get(key);
        if (job && (job.state === "queued" || job.state === "running")) this.#end(job, "ended", "SIGTERM");
      },
      folder: () => EMPTY_FOLDER,
      release: async ({ key }) => {
        await asked();
        const job = this.#jobs.get(key);
        if (job && (job.state === "queued" || job.state === "running")) this.#end(job, "ended", "SIGKILL");
        this.#jobs.delete(key);
      },
      hints: (signal) => this.#hints(AbortSignal.any([signal, ended])),
    };
  }

  async *#hints(signal: AbortSignal): AsyncIterable<LaunchKey> {
    const news: LaunchKey[] = [];
    let wake = (): void => {};
    const listener = (key: LaunchKey): void => {
      news.push(key);
      wake();
    };
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        const key = news.shift();
        if (key !== undefined) yield key;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }
}

const EMPTY_FOLDER: ReturnType<ComputeDriver["folder"]> = {
  async *list() {},
  open: async () => undefined,
  async *read() {},
  size: async () => undefined,
  async *changes() {},
};
