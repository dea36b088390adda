// The environments of the data folder: each made once however many wait, known as whole by a marker that is written last, and
// removed when there are too many. Knows no tool.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { MalachiteError, type PreparedEnvironment } from "@malachite/core";
import { makeFolder, removeTree, writeFileAtomic } from "../../../files/index.ts";
import { endMarked } from "./buildProcess.ts";
import { hasTurn, isTurn, takeTurn, tryTurn } from "./buildTurn.ts";

const run = promisify(execFile);

/** What a build makes in the folder that it is given. */
export type Made = Omit<PreparedEnvironment, "id">;
export type Build = (place: string, say: (line: string) => void, signal: AbortSignal) => Promise<Made>;

type Marker = { readonly made: Made; readonly sizeBytes: number };
type Hearer = (text: string) => void;

const MARKER = "ready.json";
/** The marker of one that is being removed: from then on it is no environment. */
const GONE = "gone.json";
/** Between an answer and the record of the run that got it, an environment looks unused. */
const JUST_USED_MS = 600_000;
/** What a late comer hears again; longer logs lose their beginning. */
const LONGEST_REPLAY = 4 * 1024 * 1024;

export type EnvironmentFolderOptions = {
  readonly folder: string;
  readonly limitBytes: number;
  /** Packages as they were fetched; counted too, and emptied where removing environments is not enough. */
  readonly cache: string;
  /** Ids that unfinished runs rely on. */
  readonly inUse: () => Promise<ReadonlySet<string>>;
  readonly now: () => number;
  /** The longest that one build may take. */
  readonly buildMs: number;
  /** Other servers may build in the same folder. */
  readonly shared?: boolean;
};

/** A build that is under way, and who waits for it. */
type Running = {
  readonly done: Promise<PreparedEnvironment>;
  readonly stop: AbortController;
  readonly hearers: Set<Hearer>;
  said: string;
  waiting: number;
};

export class EnvironmentFolder {
  readonly #options: EnvironmentFolderOptions;
  readonly #running = new Map<string, Running>();
  readonly #removing = new Map<string, Promise<void>>();

  constructor(options: EnvironmentFolderOptions) {
    this.#options = options;
  }

  /** The environment, if it is whole; its time of use is now. */
  async get(id: string): Promise<PreparedEnvironment | undefined> {
    if (this.#removing.has(id)) return undefined;
    const marker = await this.#marker(id);
    // What it was made from may be gone from the machine: then its python leads nowhere.
    if (!marker || !(await stat(marker.made.python).catch(() => undefined))) return undefined;
    const now = new Date(this.#options.now());
    const used = await utimes(join(this.#options.folder, id, MARKER), now, now).then(
      () => true,
      () => false,
    );
    // It is being removed, by this server or another.
    return used && !this.#removing.has(id) ? { id, ...marker.made } : undefined;
  }

  /** As `get`, or makes it: one build however many ask, which ends when the last of them has gone. */
  async make(id: string, build: Build, hear: Hearer, signal: AbortSignal): Promise<PreparedEnvironment> {
    for (;;) {
      signal.throwIfAborted();
      await this.#removing.get(id);
      const there = this.#running.has(id) ? undefined : await this.get(id);
      if (there) return there;
      if (this.#removing.has(id)) continue;
      let running = this.#running.get(id);
      if (running?.stop.signal.aborted) {
        // Nobody wanted it any more a moment ago; it is begun anew once the old tools are gone.
        await running.done.catch(() => {});
        continue;
      }
      if (running && running.said !== "") hear(running.said);
      running ??= this.#begin(id, build);
      return await this.#wait(running, hear, signal);
    }
  }

  async #wait(running: Running, hear: Hearer, signal: AbortSignal): Promise<PreparedEnvironment> {
    running.hearers.add(hear);
    running.waiting += 1;
    let leave = (): void => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason);
    });
    signal.addEventListener("abort", leave, { once: true });
    try {
      if (signal.aborted) leave();
      return await Promise.race([running.done, left]);
    } catch (error) {
      if (signal.aborted && running.waiting === 1) {
        running.stop.abort(signal.reason);
        // Whoever cancels may count on nothing being left of it.
        await running.done.catch(() => {});
      }
      throw error;
    } finally {
      signal.removeEventListener("abort", leave);
      running.waiting -= 1;
      running.hearers.delete(hear);
    }
  }

  #begin(id: string, build: Build): Running {
    const stop = new AbortController();
    const hearers = new Set<Hearer>();
    const say = (line: string): void => {
      const text = `${line}\n`;
      running.said = (running.said + text).slice(-LONGEST_REPLAY);
      for (const hear of hearers) hear(text);
    };
    const done = this.#build(id, build, say, stop.signal).finally(() => this.#running.delete(id));
    // It may end before anybody waits.
    done.catch(() => {});
    const running: Running = { done, stop, hearers, said: "", waiting: 0 };
    this.#running.set(id, running);
    return running;
  }

  async #build(
    id: string,
    build: Build,
    say: (line: string) => void,
    stopped: AbortSignal,
  ): Promise<PreparedEnvironment> {
    const { folder, buildMs } = this.#options;
    const place = join(folder, id);
    const timeout = AbortSignal.timeout(buildMs);
    const signal = AbortSignal.any([stopped, timeout]);
    const waits = (): void =>
      say("Another server makes this environment, and has its log; it is waited for.");
    const turn = this.#options.shared ? await takeTurn(place, signal, waits) : undefined;
    try {
      const there = turn && (await this.get(id));
      if (there) return there;
      // What a killed service has left here is half made, and its tools may still be at work.
      if (await stat(place).catch(() => undefined)) {
        await endMarked(place);
        await removeTree(place);
      }
      await makeFolder(folder);
      await mkdir(place, { mode: 0o700 });
      const made = await build(place, say, signal);
      signal.throwIfAborted();
      const marker: Marker = { made, sizeBytes: await sizeOf(place) };
      if ((await turn?.holds()) === false)
        throw new Error(`Another server builds in ${place}, for this one did not answer for long.`);
      await writeFileAtomic(join(place, MARKER), JSON.stringify(marker), 0o600);
      return { id, ...made };
    } catch (error) {
      if ((await turn?.holds()) !== false)
        await removeTree(place).catch(() => {
          // The next build begins with that again.
        });
      if (timeout.aborted && !stopped.aborted)
        throw new MalachiteError(
          "EnvironmentFailed",
          `The environment was not ready within ${buildMs / 60_000} minutes (setting environmentBuildMinutes), and its build was stopped.`,
          { cause: error },
        );
      throw error;
    } finally {
      await turn?.[Symbol.asyncDispose]();
      await this.sweep().catch(() => {
        // What cannot be removed now is tried again after the next build.
      });
    }
  }

  /** Removes those that were used longest ago until the rest keeps the limit; never one that an unfinished run relies on. */
  async sweep(): Promise<void> {
    const { folder, limitBytes, cache, inUse, now } = this.#options;
    const found: { id: string; sizeBytes: number; usedAt: number }[] = [];
    const names = await readdir(folder).catch(() => [] as string[]);
    for (const id of names) {
      if (!/^[0-9a-f]{32}$/.test(id) || this.#running.has(id)) continue;
      const marker = await this.#marker(id);
      const at = await stat(join(folder, id, MARKER)).catch(() => undefined);
      if (!marker && (await hasTurn(join(folder, id)))) continue;
      // Without a marker it is the rest of a killed build.
      found.push({ id, sizeBytes: marker?.sizeBytes ?? 0, usedAt: marker && at ? at.mtimeMs : 0 });
    }
    let all = found.reduce((sum, { sizeBytes }) => sum + sizeBytes, await sizeOf(cache));
    const gone = found.filter(({ usedAt }) => usedAt === 0);
    const used = all > limitBytes ? await inUse() : new Set<string>();
    for (const one of found.filter(({ usedAt }) => usedAt > 0).sort((a, b) => a.usedAt - b.usedAt)) {
      if (all <= limitBytes) break;
      if (used.has(one.id) || one.usedAt > now() - JUST_USED_MS) continue;
      gone.push(one);
      all -= one.sizeBytes;
    }
    for (const { id, usedAt } of gone) await this.#remove(id, usedAt);
    // The build that asks has ended its tools; any other, also of another server, may be reading the cache.
    if (all > limitBytes && this.#running.size <= 1 && !names.some(isTurn)) {
      const old = `${cache}.gone-${randomUUID()}`;
      await rename(cache, old).catch(() => {});
      await removeTree(old);
    }
  }

  /** Unless it was used after `usedAt`, or somebody builds there. */
  async #remove(id: string, usedAt: number): Promise<void> {
    if (this.#running.has(id)) return;
    const place = join(this.#options.folder, id);
    const removal = (async () => {
      const turn = this.#options.shared ? await tryTurn(place) : undefined;
      if (this.#options.shared && !turn) return;
      try {
        const gone = join(place, GONE);
        const wasWhole = await rename(join(place, MARKER), gone).then(
          () => true,
          () => false,
        );
        if (wasWhole && (await stat(gone)).mtimeMs > usedAt) await rename(gone, join(place, MARKER));
        else {
          await endMarked(place);
          await removeTree(place);
        }
      } finally {
        await turn?.[Symbol.asyncDispose]();
      }
    })();
    this.#removing.set(id, removal);
    await removal.finally(() => this.#removing.delete(id));
  }

  async #marker(id: string): Promise<Marker | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#options.folder, id, MARKER), "utf8")) as Marker;
    } catch {
      // Not there, or not of this release: made anew either way.
      return undefined;
    }
  }
}

/** What it takes on the disk, as `du` counts it. */
async function sizeOf(folder: string): Promise<number> {
  const { stdout } = await run("du", ["-sk", folder]).catch(() => ({ stdout: "0" }));
  return (Number.parseInt(stdout, 10) || 0) * 1024;
}
