// Time and chance of a simulation: nothing waits for real time, and the same seed gives the same world.

/** Numbers from a seed (mulberry32): the same seed, the same numbers. */
export class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  /** True with that probability. */
  is(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }
  /** Times between events that have no memory, of that mean. */
  gap(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }
  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }
}

type Timer = { readonly at: number; readonly order: number; wake: (() => void) | undefined };

/** Timers in the order of their time, and of their making where that is the same. */
export class SimTime {
  now: number;
  #heap: Timer[] = [];
  #order = 0;

  constructor(start = Date.UTC(2030, 0, 1)) {
    this.now = start;
  }

  /** Calls back after `ms`; the answer takes that back. */
  after(ms: number, wake: () => void): () => void {
    const timer: Timer = { at: this.now + Math.max(0, ms), order: this.#order++, wake };
    this.#push(timer);
    return () => {
      timer.wake = undefined;
    };
  }

  /** Moves on to the next timers and lets all run that follows from them. False when there are none before `until`. */
  async step(until: number): Promise<boolean> {
    await settled();
    while (this.#heap[0] !== undefined && this.#heap[0].wake === undefined) this.#pop();
    const next = this.#heap[0];
    if (next === undefined || next.at > until) {
      this.now = Math.max(this.now, until);
      return false;
    }
    this.now = Math.max(this.now, next.at);
    while (this.#heap[0] !== undefined && this.#heap[0].at <= this.now) this.#pop()?.wake?.();
    await settled();
    return true;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Timer;
      if (isBefore(above, timer)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Timer)) child += 1;
      const below = heap[child] as Timer;
      if (isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** All promises that wait for no timer have had their turn: ticks come when the queue of promises is empty, and cost no turn of the loop. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
