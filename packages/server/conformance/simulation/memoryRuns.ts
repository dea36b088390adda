// The records of a simulation: what the keeper asks of a RunStore, in memory, by the same rules. It is away for a while, and loses the
// answer to what it has written, as a database does. A run that has ended is checked and, a while later, forgotten.
import {
  type Capacity,
  isFull,
  type LeasedRun,
  MalachiteError,
  type NewRun,
  type Room,
  type Run,
  type RunStore,
  type StoryEntry,
  serve,
} from "@malachite/core";
import { nextStage } from "../../src/adapters/records/shared/stage.ts";
import { checkHistory } from "../historyChecker.ts";
import { Line } from "./line.ts";
import type { Chance, SimTime } from "./time.ts";

type Lease = { owner: string; token: string; until: number };
type Rec = {
  run: Run;
  lifeVersion: number;
  stage: ReturnType<typeof nextStage>;
  lease: Lease | undefined;
  readonly story: StoryEntry[];
};

/** So long a run that has ended may still be changed by somebody who does not know it. */
const KEPT_MS = 60_000;

export class MemoryRuns {
  readonly faults: string[] = [];
  isAway = false;
  /** Of a call that changes something: its answer is lost. */
  lostAnswer = 0;
  ended = 0;
  readonly ends: Record<string, number> = {};
  takeovers = 0;
  readonly #time: SimTime;
  readonly #chance: Chance;
  readonly #over: (run: string) => void;
  readonly #recs = new Map<string, Rec>();
  /** Those that somebody works on, or should. */
  readonly #active = new Set<Rec>();
  readonly #tokens = new Map<string, Rec>();
  /** By priority, the highest first; what has gone from the line is passed over. */
  readonly #line: Line<Rec>[] = Array.from({ length: 3 }, () => new Line());
  #held = { places: 0, nodes: 0 };
  #tokenNo = 0;
  /** No lease ends before. */
  #soonest = 0;

  constructor(time: SimTime, chance: Chance, over: (run: string) => void) {
    this.#time = time;
    this.#chance = chance;
    this.#over = over;
  }

  /** Runs that have not ended, or whose engine is not freed. */
  get unfinished(): number {
    let waiting = 0;
    for (const line of this.#line) for (const { stage } of line) if (stage === "waiting") waiting += 1;
    return this.#active.size + waiting;
  }

  /** What is known of some that have not ended, for people. */
  stuck(): string[] {
    const line = this.#line.flatMap((one) => [...one]);
    const all = [...this.#active, ...line.filter(({ stage }) => stage === "waiting")];
    return all.slice(0, 3).map(({ run, stage, lease, story }) => {
      const told = story.map(({ at, event, status, actor }) => `${at} ${event} ${status} ${actor}`);
      return `${run.id} is ${run.life.status}, ${stage}, ${JSON.stringify(lease)}:\n${told.join("\n")}`;
    });
  }

  create(newRun: NewRun): void {
    const run: Run = {
      ...newRun,
      experimentId: "e",
      rootRunId: newRun.id,
      number: 1,
      version: 1,
      changedAt: newRun.createdAt,
    };
    const rec: Rec = { run, lifeVersion: 1, stage: "waiting", lease: undefined, story: [] };
    const at = newRun.createdAt;
    rec.story.push({ at, event: "submitted", status: "NotStarted", actor: "simulation" });
    this.#recs.set(run.id, rec);
    this.#line[1 - Math.sign(run.life.needs?.priority ?? 0)]?.push(rec);
  }

  /** The store as a server has it. What the keeper does not ask is not there. */
  store(): RunStore {
    const answered = async <T>(work: () => T): Promise<T> => {
      if (this.isAway) throw away();
      const answer = work();
      if (this.#chance.is(this.lostAnswer)) throw away();
      return answer;
    };
    const read = async <T>(work: () => T): Promise<T> => {
      if (this.isAway) throw away();
      return work();
    };
    const here: Partial<RunStore> = {
      now: () => read(() => this.#time.now),
      get: (_scope, id) => read(() => this.#recs.get(id)?.run),
      apply: (before, life, entries, lease) =>
        answered(() => this.#apply(before, life, entries, lease?.token)),
      claimQueued: (ask) => answered(() => this.#claimQueued(ask)),
      claimAbandoned: (ask) => answered(() => this.#claimAbandoned(ask)),
      renew: (tokens, until) => answered(() => this.#renew(tokens, until)),
      letGo: ({ token }) => answered(() => this.#letGo(token)),
      noteRefusal: () => answered(() => undefined),
      letGoOf: ({ at, limit }) => read(() => this.#letGoOf(at, limit)),
      isWithin: () => read(() => true),
    };
    return here as RunStore;
  }

  #apply(
    before: Run,
    life: Run["life"],
    entries: readonly StoryEntry[],
    token: string | undefined,
  ): Run | undefined {
    const rec = this.#recs.get(before.id);
    if (rec === undefined || rec.lifeVersion > before.version) return undefined;
    if (token !== undefined && rec.lease?.token !== token) return undefined;
    const version = rec.run.version + 1;
    rec.run = { ...rec.run, life: { ...life, plan: life.plan ?? rec.run.life.plan }, version };
    rec.lifeVersion = version;
    rec.story.push(...entries);
    if (rec.stage !== undefined) this.#move(rec, nextStage(rec.stage, life));
    return rec.run;
  }

  #move(rec: Rec, stage: Rec["stage"]): void {
    const holds = (one: Rec["stage"]) => one === "claimed" || one === "working";
    const change = Number(holds(stage)) - Number(holds(rec.stage));
    this.#held.places += change;
    this.#held.nodes += change * (rec.run.life.needs?.nodes ?? 1);
    rec.stage = stage;
    if (stage === undefined || stage === "waiting") this.#active.delete(rec);
    else this.#active.add(rec);
    if (stage !== undefined) return;
    this.#giveUp(rec);
    const { id } = rec.run;
    this.#over(id);
    this.ended += 1;
    const reason = rec.run.life.outcome?.reason ?? "none";
    this.ends[reason] = (this.ends[reason] ?? 0) + 1;
    this.#time.after(KEPT_MS, () => {
      for (const fault of checkHistory(rec.story)) this.faults.push(`${id}: ${fault}`);
      this.#recs.delete(id);
    });
  }

  #lease(rec: Rec, owner: string, until: number): LeasedRun {
    this.#giveUp(rec);
    const lease = { owner, token: `t${++this.#tokenNo}`, until };
    rec.lease = lease;
    this.#tokens.set(lease.token, rec);
    this.#soonest = Math.min(this.#soonest, until);
    return { run: rec.run, lease: { ...lease } };
  }

  #giveUp(rec: Rec): void {
    if (rec.lease !== undefined) this.#tokens.delete(rec.lease.token);
    rec.lease = undefined;
  }

  #claimQueued({
    capacity,
    owner,
    until,
  }: {
    readonly capacity: Capacity;
    readonly owner: string;
    readonly until: number;
  }): readonly LeasedRun[] {
    let room: Room = {
      places: capacity.places - this.#held.places,
      nodes: (capacity.nodes ?? Number.POSITIVE_INFINITY) - this.#held.nodes,
      gpus: 0,
      closed: new Set(),
    };
    const taken: LeasedRun[] = [];
    for (const line of this.#line) {
      while (line.first !== undefined && line.first.stage !== "waiting") line.dropFirst();
      for (const rec of line) {
        if (isFull(room)) return taken;
        if (rec.stage !== "waiting") continue;
        const served = serve(room, rec.run.life.needs ?? { priority: 0, nodes: 1, gpus: 0 });
        room = served.room;
        if (served.lacks.length > 0) continue;
        this.#move(rec, "claimed");
        taken.push(this.#lease(rec, owner, until));
      }
    }
    return taken;
  }

  #claimAbandoned({
    owner,
    at,
    until,
    limit,
  }: {
    readonly owner: string;
    readonly at: number;
    readonly until: number;
    readonly limit: number;
  }): readonly LeasedRun[] {
    if (at < this.#soonest) return [];
    let soonest = Number.POSITIVE_INFINITY;
    const taken: LeasedRun[] = [];
    for (const rec of this.#active) {
      if (rec.stage === "letGo") continue;
      if (rec.lease !== undefined && rec.lease.until > at) soonest = Math.min(soonest, rec.lease.until);
      else if (taken.length < limit) taken.push(this.#lease(rec, owner, until));
      else soonest = at;
    }
    this.#soonest = Math.min(soonest, until);
    this.takeovers += taken.length;
    return taken;
  }

  #renew(tokens: readonly string[], until: number): ReadonlyMap<string, number> {
    const held = new Map<string, number>();
    for (const token of tokens) {
      const rec = this.#tokens.get(token);
      if (rec?.lease === undefined) continue;
      rec.lease.until = Math.max(rec.lease.until, until);
      held.set(token, rec.lifeVersion);
    }
    return held;
  }

  #letGoOf(at: number, limit: number): readonly Run[] {
    return [...this.#active]
      .filter(({ stage, lease }) => stage === "letGo" && (lease === undefined || lease.until <= at))
      .slice(0, limit)
      .map(({ run }) => run);
  }

  #letGo(token: string): void {
    const rec = this.#tokens.get(token);
    if (rec === undefined) return;
    this.#giveUp(rec);
    this.#soonest = 0;
    if (rec.stage !== "claimed") return;
    this.#move(rec, "waiting");
    this.#line[1 - Math.sign(rec.run.life.needs?.priority ?? 0)]?.pushFirst(rec);
  }
}

const away = (): MalachiteError => new MalachiteError("StorageFailed", "The records do not answer.");
