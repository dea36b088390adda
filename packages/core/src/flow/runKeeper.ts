// Keeps the runs of this server moving: claims waiting ones, drives them, watches engines, renews leases. It holds nothing
// that is not in the records: kill it at any moment, and the next one goes on.
import { type FailureReason, REASONS } from "../domain/failure/reasons.ts";
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { RunEvent } from "../domain/run/advance.ts";
import { nextStep } from "../domain/run/nextStep.ts";
import type { Run } from "../domain/run/run.ts";
import type { Lease, LeasedRun } from "../ports/runStore.ts";
import { Bell } from "./bell.ts";
import { changeRun } from "./changeRun.ts";
import { claimRuns } from "./claimRun.ts";
import { Draining } from "./draining.ts";
import { driveRun } from "./driveRun.ts";
import { holdFiles, LET_GO } from "./holdFiles.ts";
import { type Measured, measureKept } from "./measureRuns.ts";
import type { FlowPorts } from "./ports.ts";
import { recoverRuns, takeOverRuns } from "./recoverRuns.ts";
import { retryOf } from "./retryRun.ts";
import { keyOf } from "./runNews.ts";
import { ToldOnce } from "./toldOnce.ts";
import { Watched } from "./watched.ts";
import { eventsOf, observeAll } from "./watchRuns.ts";

/** How often files of watched folders are held on to, and how much of the time that may take. */
const HOLD_EVERY_MS = 2000;
const HOLD_SHARE = 0.05;

/** How often runs of dead servers are looked for, where there are several. */
const TAKE_OVER_EVERY_MS = 1000;
/** What a lease is shorter for its holder: clocks run at different speeds, and what was started just before its end shows a little later. */
const UNSURE_SHARE = 0.2;

/** How soon an engine that did not answer is asked again about a run that is over its time. */
const OVERDUE_RETRY_MS = 200;

/** A run in our hands. */
type Kept = Measured & {
  readonly key: string;
  run: Run;
  readonly lease: Lease;
  /** Until when nobody else can have it, in the time of `SteadyClock.monotonic`. */
  sureUntil: number;
  interrupt: AbortController;
  /** See `Hold`. */
  room: AbortController;
  readonly unlisten: () => void;
  /** It was told that files of it were let go of. */
  warned: boolean;
};

/** Given as the reason, so that no error with a stack is made for each. */
const ROOM = "room was made";

/** The service's engine room. Disposing ends its loops and leaves the runs to go on by themselves. */
export class RunKeeper implements AsyncDisposable {
  readonly #ports: FlowPorts;
  readonly #kept = new Map<string, Kept>();
  readonly #watched = new Watched<Kept>();
  readonly #hinted = new Set<LaunchKey>();
  readonly #stopping = new AbortController();
  readonly #claimBell = new Bell();
  readonly #watchBell = new Bell();
  readonly #work = new Set<Promise<unknown>>();
  #lastFullWatch = 0;
  readonly #draining = new Draining(() => this.#kept.size);

  constructor(ports: FlowPorts) {
    this.#ports = ports;
  }

  /** Takes over what an earlier life left unfinished, then begins. Resolves when every unfinished run is in hand. */
  async start(): Promise<void> {
    const { news, settings, targets } = this.#ports;
    const isAlone = settings.machine === undefined;
    if (isAlone) await recoverRuns(this.#ports, (leased) => this.#take(leased));
    else await this.#takeOver();
    news.onQueueMoved(() => this.#claimBell.ring());
    this.#loop(
      "claim",
      this.#claimBell,
      () => this.#claim(),
      () => 1000,
    );
    this.#loop(
      "watch",
      this.#watchBell,
      () => this.#watch(),
      () => this.#untilNextWatch(),
    );
    this.#loop(
      "renew",
      new Bell(),
      () => this.#renew(),
      () => settings.leaseMs / 3,
    );
    this.#loop(
      "take over",
      new Bell(),
      () => this.#takeOver(),
      () => (isAlone ? settings.leaseMs / 3 : TAKE_OVER_EVERY_MS),
    );
    let holdMs = 0;
    this.#loop(
      "hold",
      new Bell(),
      async () => {
        const begun = this.#ports.clock.now();
        await this.#hold();
        holdMs = this.#ports.clock.now() - begun;
      },
      () => Math.max(HOLD_EVERY_MS, holdMs / HOLD_SHARE),
    );
    if (settings.systemMetricsMs > 0)
      this.#loop(
        "measure",
        new Bell(),
        () => measureKept(this.#kept.values(), this.#ports, this.#stopping.signal),
        () => settings.systemMetricsMs,
      );
    for (const driver of targets.drivers())
      this.#run("hints", this.#listen(driver.hints(this.#stopping.signal)));
  }

  /** How many runs it works on. */
  get inHand(): number {
    return this.#kept.size;
  }

  /** Takes no further run from the line; `drained` is called once none is in hand. Those in hand go on to their end. */
  drain(drained: () => void): void {
    this.#draining.begin(drained);
  }

  /** Takes runs from the line again. */
  undrain(): void {
    this.#draining.end();
    this.#claimBell.ring();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const leases = [...this.#kept.values()].map(({ lease }) => lease);
    this.#stopping.abort();
    for (const kept of this.#kept.values()) kept.unlisten();
    while (this.#work.size > 0) await Promise.allSettled([...this.#work]);
    // Other servers need not wait until the leases run out.
    if (this.#ports.settings.machine !== undefined)
      await Promise.allSettled(leases.map((lease) => this.#ports.runs.letGo(lease)));
  }

  #failed(name: string, error: unknown): void {
    if (!this.#stopping.signal.aborted) this.#ports.log.error("keeperFailed", error, { part: name });
  }

  #run(name: string, work: Promise<unknown>): void {
    const tracked: Promise<unknown> = work
      .catch((error) => this.#failed(name, error))
      .finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }

  #loop(name: string, bell: Bell, act: () => Promise<void>, pauseMs: () => number): void {
    const told = new ToldOnce(
      () => this.#ports.clock.now(),
      (error) => this.#failed(name, error),
    );
    const turns = async () => {
      while (!this.#stopping.signal.aborted) {
        await act().then(
          () => told.worked(),
          (error) => told.failed(error),
        );
        await bell.wait(pauseMs(), this.#ports.clock, this.#stopping.signal);
      }
    };
    this.#run(name, turns());
  }

  async #listen(hints: AsyncIterable<LaunchKey>): Promise<void> {
    for await (const key of hints) this.#look(key);
  }

  #look(key: LaunchKey | undefined): void {
    if (key !== undefined) this.#hinted.add(key);
    this.#watchBell.ring();
  }

  async #claim(): Promise<void> {
    if (this.#draining.is) return;
    const sureUntil = this.#sureFromNow();
    await this.#draining.taking(async () => {
      for (const leased of await claimRuns(this.#ports)) this.#take(leased, sureUntil);
    });
  }

  /** What this server holds itself is renewed before, so that it is not taken for another's after a time without the records. */
  async #takeOver(): Promise<void> {
    const { clock } = this.#ports;
    if ([...this.#kept.values()].some((kept) => kept.sureUntil <= clock.monotonic())) await this.#renew();
    // Those of a server that has died are for one that stays.
    if (this.#draining.is) return;
    const sureUntil = this.#sureFromNow();
    await this.#draining.taking(() => takeOverRuns(this.#ports, (leased) => this.#take(leased, sureUntil)));
  }

  /** The end, as its holder may rely on, of a lease that is asked for now. */
  #sureFromNow(): number {
    const { clock, settings } = this.#ports;
    if (settings.machine === undefined) return Number.POSITIVE_INFINITY;
    return clock.monotonic() + settings.leaseMs * (1 - UNSURE_SHARE);
  }

  /** A run comes into our hands: listen for what others write to it, and drive it. */
  #take(leased: LeasedRun, sureUntil = Number.POSITIVE_INFINITY): void {
    const key = keyOf(leased.run);
    const earlier = this.#kept.get(key);
    if (earlier) this.#drop(earlier);
    const unlisten = this.#ports.news.onChange(leased.run, (now) => this.#changed(key, now));
    const kept: Kept = {
      key,
      run: leased.run,
      lease: leased.lease,
      sureUntil,
      watched: false,
      interrupt: new AbortController(),
      room: new AbortController(),
      unlisten,
      warned: false,
    };
    this.#kept.set(key, kept);
    this.#run("drive", this.#drive(kept));
  }

  /** The record has changed: a watched run may have work now; a wish to cancel, or to let go, interrupts a step under way. */
  #changed(key: string, now: Run): void {
    const kept = this.#kept.get(key);
    if (!kept || now.version <= kept.run.version) return;
    if (kept.watched) {
      this.#watched.add(kept, now);
      if (nextStep(now) !== "watch") this.#run("drive", this.#drive(kept));
    } else if (
      now.life.release === "letGo" ||
      (now.life.status === "CancelRequested" && kept.run.life.cancel === undefined)
    ) {
      kept.interrupt.abort();
    }
  }

  async #drive(kept: Kept): Promise<void> {
    this.#watched.remove(kept);
    const interrupt = () => {
      if (kept.interrupt.signal.aborted) kept.interrupt = new AbortController();
      return kept.interrupt.signal;
    };
    const hold = {
      lease: kept.lease,
      sureUntil: () => kept.sureUntil,
      renew: async () => (await this.#renewSome([kept])).has(kept.lease.token),
      interrupt,
      room: () => {
        // Room that was made while a try was under way is told once: that try may not have seen it.
        const { signal } = kept.room;
        if (signal.aborted) kept.room = new AbortController();
        return signal;
      },
    };
    const driven = await driveRun(kept.run, hold, this.#ports, this.#stopping.signal);
    if (this.#kept.get(kept.key) !== kept) return;
    if (driven.kind === "watch") {
      this.#watched.add(kept, driven.run);
      this.#look(driven.run.life.handle?.key);
      return;
    }
    this.#forget(kept);
    if (driven.kind === "done") {
      await this.#ports.runs.letGo(kept.lease);
      this.#ports.news.queueMoved();
      // Also for those that have a place in the line, and none on any machine.
      for (const other of this.#kept.values())
        if (!other.watched && other.run.pool === kept.run.pool) other.room.abort(ROOM);
    }
  }

  #forget(kept: Kept): void {
    kept.unlisten();
    this.#watched.remove(kept);
    if (this.#kept.get(kept.key) === kept) this.#kept.delete(kept.key);
    this.#draining.look();
  }

  /** Looks at all runs once an interval, and in between only at those that a hint or a deadline names. */
  async #watch(): Promise<void> {
    const { clock, settings } = this.#ports;
    const now = clock.now();
    const full = now - this.#lastFullWatch >= settings.watchIntervalMs;
    if (full) this.#lastFullWatch = now;
    const due = this.#watched.due(now, [...this.#hinted], full);
    this.#hinted.clear();
    if (due.length === 0) return;
    const seen = await observeAll(
      due.map(({ run }) => run),
      this.#ports,
      this.#stopping.signal,
    );
    await Promise.all(
      due.map(async (kept) => {
        const handle = kept.run.life.handle;
        if (!handle || !kept.watched) return;
        const sighting = seen.get(handle.key);
        const said = sighting?.at === "gone" && sighting.taken !== undefined ? ` ${sighting.taken}` : "";
        const again = (run: Run, reason: FailureReason) =>
          retryOf(run, reason, `${REASONS[reason].text}${said}`, this.#ports);
        const events = eventsOf(kept.run, sighting, clock.now(), again);
        if (events.length > 0) await this.#write(kept, events);
      }),
    );
  }

  async #write(kept: Kept, events: readonly RunEvent[]): Promise<void> {
    const written = await changeRun(kept.run, events, this.#ports.settings.owner, this.#ports, kept.lease);
    if (!kept.watched) return;
    // What was not written may be another server's by now: the drive asks, before it does anything.
    if (!written) kept.sureUntil = Math.min(kept.sureUntil, this.#ports.clock.monotonic());
    const now = written ?? (await this.#ports.runs.get(kept.run.scope, kept.run.id));
    if (!now || !kept.watched) return;
    this.#watched.add(kept, now);
    if (nextStep(now) !== "watch") this.#run("drive", this.#drive(kept));
    else if (!written) this.#look(now.life.handle?.key);
  }

  /** Limits of time end to the second, whatever the interval is. */
  #untilNextWatch(): number {
    const { clock, settings } = this.#ports;
    const now = clock.now();
    const next = Math.min(this.#watched.soonest, now + settings.watchIntervalMs);
    return next > now ? next - now : OVERDUE_RETRY_MS;
  }

  async #hold(): Promise<void> {
    for (const kept of [...this.#kept.values()]) {
      if (this.#stopping.signal.aborted) return;
      const { run } = kept;
      if (!kept.watched || run.life.status !== "Running") continue;
      if ((await holdFiles(run, this.#ports)) === 0 || kept.warned) continue;
      kept.warned = true;
      await this.#ports.runs.describe(run.scope, run.id, { addWarnings: [LET_GO] }, this.#ports.clock.now());
    }
  }

  async #renew(): Promise<void> {
    const { log } = this.#ports;
    const asked = [...this.#kept];
    if (asked.length === 0) return;
    const held = await this.#renewSome(asked.map(([, kept]) => kept));
    for (const [key, kept] of asked) {
      if (this.#kept.get(key) !== kept) continue;
      const version = held.get(kept.lease.token);
      if (version === undefined) {
        log.warn("leaseLost", { runId: kept.run.id });
        this.#drop(kept);
      } else if (version > kept.run.version) await this.#reread(kept);
    }
  }

  /** Throws when the records do not answer in time: the next try may find another way to them. */
  async #renewSome(some: readonly Kept[]): Promise<ReadonlyMap<string, number>> {
    const { runs, clock, settings } = this.#ports;
    const sureUntil = this.#sureFromNow();
    const done = new AbortController();
    const late = async () => {
      await clock.sleep(settings.leaseMs / 3, done.signal);
      if (!done.signal.aborted) throw new Error("The records do not answer.");
      return new Map<string, number>();
    };
    const ask = async () =>
      runs.renew(
        some.map(({ lease }) => lease.token),
        (await runs.now()) + settings.leaseMs,
      );
    try {
      const held = await Promise.race([ask(), late()]);
      for (const kept of some)
        if (held.has(kept.lease.token)) kept.sureUntil = Math.max(kept.sureUntil, sureUntil);
      return held;
    } finally {
      done.abort("answered");
    }
  }

  /** Somebody changed the run, and the news of it did not come. */
  async #reread(kept: Kept): Promise<void> {
    const now = await this.#ports.runs.get(kept.run.scope, kept.run.id);
    if (now && this.#kept.get(kept.key) === kept) this.#changed(kept.key, now);
  }

  #drop(kept: Kept): void {
    kept.interrupt.abort();
    this.#forget(kept);
  }
}
