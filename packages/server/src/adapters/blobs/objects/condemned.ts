// Which contents and listings of projects must not be relied on, since a sweep is about to remove them or has done so. Sweeps are numbered;
// each writes the keys that it condemns into one object before it looks a last time who refers to them. So whoever refers to a key first,
// and looks here afterwards, is either seen by the sweep or sees it: no clock takes part. A key that was condemned is never used again.

import { HashFilter } from "./hashFilter.ts";
import type { Objects } from "./objects.ts";

const SWEEPS = "sweeps/";
const sweepKey = (turn: number): string => `${SWEEPS}${String(turn).padStart(10, "0")}`;
/** 8 MB, for some million keys. */
const FILTER_SIZE = 26;
/** A sweep removes nothing after a day; so long afterwards nobody needs to know of it. */
const REMEMBERED_MS = 30 * 24 * 3600_000;

export class Condemned {
  readonly #objects: Objects;
  readonly #read = new Set<number>();
  #dead: HashFilter | undefined;
  #oldest = 1;
  #turn: number | undefined;

  constructor(objects: Objects) {
    this.#objects = objects;
  }

  /** The number of the last sweep that was seen here; undefined before the first look. */
  get turn(): number | undefined {
    return this.#turn;
  }

  /** Has all that is condemned at this moment here; answers the number of the last sweep, 0 before the first. */
  async look(signal?: AbortSignal): Promise<number> {
    const turns: number[] = [];
    for await (const one of this.#objects.list({ prefix: SWEEPS, pageSize: 1000, ...(signal && { signal }) }))
      if ("key" in one) turns.push(Number(one.key.slice(SWEEPS.length)));
    for (const turn of turns) {
      if (this.#read.has(turn)) continue;
      const found = await this.#objects.get(sweepKey(turn), signal);
      this.#dead ??= new HashFilter(FILTER_SIZE);
      for (const key of found?.bytes.toString().split("\n") ?? []) this.#dead.add(key);
      if (found !== undefined) this.#read.add(turn);
      else this.#oldest = Math.max(this.#oldest, turn + 1);
    }
    const last = turns.at(-1) ?? 0;
    // What is before a gap says nothing of what was condemned in it.
    const oldest = turns.findLast((turn, i) => turns[i - 1] !== turn - 1) ?? 1;
    this.#oldest = Math.max(this.#oldest, oldest);
    this.#turn = Math.max(this.#turn ?? 0, last);
    return last;
  }

  /** Whether a sweep may remove that object, as far as was looked. Says so of a few others too. */
  isDead(key: string): boolean {
    return this.#dead?.has(key) ?? false;
  }

  /** Whether all sweeps after that one are known. */
  reachesBackTo(turn: number): boolean {
    return turn >= this.#oldest - 1;
  }

  /** Condemns the keys. Who looks from now on does not rely on them any more. */
  async add(keys: readonly string[]): Promise<void> {
    const bytes = Buffer.from(keys.join("\n"));
    const condition = { ifNone: true } as const;
    let isWritten: boolean;
    // Another server that sweeps now may take the number first. None is left out: see forgetOld.
    do
      isWritten =
        (await this.#objects.put(sweepKey((await this.look()) + 1), bytes, { condition })) !== undefined;
    while (!isWritten);
  }

  /** Forgets sweeps of long ago; never the last, since numbers are not given twice. */
  async forgetOld(now: number): Promise<void> {
    const all: { readonly key: string; readonly changedAt: number }[] = [];
    for await (const one of this.#objects.list({ prefix: SWEEPS, pageSize: 1000 }))
      if ("key" in one) all.push(one);
    // The oldest first, one by one: a gap would hide what was condemned in it.
    for (const { key, changedAt } of all.slice(0, -1)) {
      if (changedAt >= now - REMEMBERED_MS) return;
      await this.#objects.remove([key]);
    }
  }
}
