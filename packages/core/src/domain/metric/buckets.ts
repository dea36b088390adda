// Values of a metric put together in buckets of x, as a plot needs them: nothing that stands out is lost, however many there are. Pure.

/** What x is. `index`: the place of a value among all, for runs that give no steps. */
export type SeriesAxis = "step" | "time" | "relativeTime" | "index";

/** Buckets of a width, from number `first` to number `last`; bucket i is from i·width up to (i+1)·width. */
export type Grid = { readonly width: number; readonly first: number; readonly last: number };

export type NonFinite = "NaN" | "Infinity" | "-Infinity";

export type NonFiniteMark = { readonly value: NonFinite; readonly x: number; readonly count: number };

/** A bucket with at least one value. `min` and the others are null where it has none that is finite. */
export type Bucket = {
  readonly number: number;
  /** The x of its last value. */
  readonly x: number;
  readonly count: number;
  readonly finite: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Of the greatest x, then the latest that came; the last finite one. */
  readonly last: number | null;
  readonly lastX: number | null;
  readonly nonFinite: readonly NonFiniteMark[];
};

/** Times are known to a millionth of a second at best. */
const FINEST = 2 ** -10;
/** Wider than any range, which then has two buckets at most: one on each side of 0. */
const WIDEST = 2 ** 60;

/**
 * The finest grid whose buckets over the range are at most `most`. Widths are powers of two and edges their multiples, so a range
 * that grows by a little has the same buckets as before, and runs whose steps are the same have the same buckets.
 */
export function gridOf(from: number, to: number, most: number, axis: SeriesAxis): Grid {
  const isWhole = axis === "step" || axis === "index";
  const grid = (width: number): Grid => ({
    width,
    first: Math.floor(from / width),
    last: Math.floor(to / width),
  });
  let found = grid(isWhole ? 1 : FINEST);
  while (found.last - found.first >= most && found.width < WIDEST) found = grid(found.width * 2);
  return found;
}

/** Takes values one by one, in order of time, and keeps one bucket for each part of the grid. */
export class Buckets {
  readonly #grid: Grid;
  readonly #count: Float64Array;
  readonly #finite: Float64Array;
  readonly #x: Float64Array;
  readonly #mean: Float64Array;
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #last: Float64Array;
  readonly #lastX: Float64Array;
  /** By bucket, and kinds in it. */
  readonly #marks = new Map<number, Map<NonFinite, { x: number; count: number }>>();

  constructor(grid: Grid) {
    this.#grid = grid;
    const size = Math.max(0, grid.last - grid.first + 1);
    const filled = (value: number) => new Float64Array(size).fill(value);
    this.#count = filled(0);
    this.#finite = filled(0);
    this.#mean = filled(0);
    this.#x = filled(Number.NEGATIVE_INFINITY);
    this.#min = filled(Number.POSITIVE_INFINITY);
    this.#max = filled(Number.NEGATIVE_INFINITY);
    this.#last = filled(0);
    this.#lastX = filled(Number.NEGATIVE_INFINITY);
  }

  /** A value outside the grid is passed over. */
  add(x: number, value: number): void {
    const at = Math.floor(x / this.#grid.width) - this.#grid.first;
    if (!(at >= 0 && at < this.#count.length)) return;
    this.#count[at] = (this.#count[at] as number) + 1;
    if (x > (this.#x[at] as number)) this.#x[at] = x;
    if (!Number.isFinite(value)) {
      this.#mark(at, x, Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
      return;
    }
    const finite = (this.#finite[at] as number) + 1;
    this.#finite[at] = finite;
    const mean = this.#mean[at] as number;
    // Divided first: no sum of large values leaves what a number can hold.
    this.#mean[at] = mean + (value / finite - mean / finite);
    if (value < (this.#min[at] as number)) this.#min[at] = value;
    if (value > (this.#max[at] as number)) this.#max[at] = value;
    if (x >= (this.#lastX[at] as number)) {
      this.#lastX[at] = x;
      this.#last[at] = value;
    }
  }

  /** Those that have values, in order. */
  list(): Bucket[] {
    const buckets: Bucket[] = [];
    for (let at = 0; at < this.#count.length; at += 1) {
      const count = this.#count[at] as number;
      if (count === 0) continue;
      const finite = this.#finite[at] as number;
      const given = (values: Float64Array) => (finite > 0 ? (values[at] as number) : null);
      buckets.push({
        number: at + this.#grid.first,
        x: this.#x[at] as number,
        count,
        finite,
        mean: given(this.#mean),
        min: given(this.#min),
        max: given(this.#max),
        last: given(this.#last),
        lastX: given(this.#lastX),
        nonFinite: [...(this.#marks.get(at) ?? [])].map(([value, mark]) => ({ value, ...mark })),
      });
    }
    return buckets;
  }

  #mark(at: number, x: number, value: NonFinite): void {
    const marks = this.#marks.get(at) ?? new Map<NonFinite, { x: number; count: number }>();
    this.#marks.set(at, marks);
    const mark = marks.get(value) ?? { x, count: 0 };
    marks.set(value, { x: Math.min(mark.x, x), count: mark.count + 1 });
  }
}

/** Two lists of buckets of one grid as one; the values of `later` came after those of `earlier`. */
export function mergeBuckets(earlier: readonly Bucket[], later: readonly Bucket[]): readonly Bucket[] {
  const merged: Bucket[] = [];
  let [i, j] = [0, 0];
  while (i < earlier.length || j < later.length) {
    const [a, b] = [earlier[i], later[j]];
    if (a && b && a.number === b.number) {
      merged.push(together(a, b));
      i += 1;
      j += 1;
    } else if (a && (!b || a.number < b.number)) {
      merged.push(a);
      i += 1;
    } else if (b) {
      merged.push(b);
      j += 1;
    }
  }
  return merged;
}

function together(a: Bucket, b: Bucket): Bucket {
  const lastOf = b.lastX !== null && (a.lastX === null || b.lastX >= a.lastX) ? b : a;
  return {
    number: a.number,
    x: Math.max(a.x, b.x),
    count: a.count + b.count,
    finite: a.finite + b.finite,
    mean: meanOf(a, b),
    min: either(a.min, b.min, Math.min),
    max: either(a.max, b.max, Math.max),
    last: lastOf.last,
    lastX: lastOf.lastX,
    nonFinite: mergeMarks(a.nonFinite, b.nonFinite),
  };
}

const either = (a: number | null, b: number | null, of: (a: number, b: number) => number) =>
  a === null ? b : b === null ? a : of(a, b);

function meanOf(a: Bucket, b: Bucket): number | null {
  if (a.mean === null || b.mean === null) return a.mean ?? b.mean;
  const finite = a.finite + b.finite;
  return a.mean * (a.finite / finite) + b.mean * (b.finite / finite);
}

function mergeMarks(
  earlier: readonly NonFiniteMark[],
  later: readonly NonFiniteMark[],
): readonly NonFiniteMark[] {
  const marks = new Map(earlier.map((mark) => [mark.value, mark]));
  for (const mark of later) {
    const there = marks.get(mark.value);
    marks.set(
      mark.value,
      there ? { ...mark, x: Math.min(mark.x, there.x), count: mark.count + there.count } : mark,
    );
  }
  return [...marks.values()];
}
