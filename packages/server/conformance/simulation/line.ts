// A line from which the first is taken at the same cost however many wait.

/** So many places are free at its front before they are given back. */
const LEAST_FREE = 1024;

export class Line<T> {
  #all: (T | undefined)[] = [];
  #head = 0;

  get first(): T | undefined {
    return this.#all[this.#head];
  }

  push(one: T): void {
    this.#all.push(one);
  }

  pushFirst(one: T): void {
    if (this.#head === 0) this.#all.unshift(one);
    else this.#all[--this.#head] = one;
  }

  dropFirst(): void {
    if (this.#head >= this.#all.length) return;
    this.#all[this.#head++] = undefined;
    if (this.#head < LEAST_FREE || this.#head < this.#all.length / 2) return;
    this.#all = this.#all.slice(this.#head);
    this.#head = 0;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let at = this.#head; at < this.#all.length; at++) yield this.#all[at] as T;
  }
}
