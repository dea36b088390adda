// How figures are taken and printed: one JSON line each, ratios measured in the same run, medians of interleaved rounds.

/** One figure. `ratio` compares with `against`, measured in turn with it; `aim` is what it should be. */
export type Figure = {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly against?: string;
  readonly ratio?: number;
  readonly aim?: string;
  readonly [more: string]: unknown;
};

/** Prints the figure as one line of JSON. */
export function print(figure: Figure): void {
  const rounded = Object.fromEntries(
    Object.entries(figure).map(([key, value]) => [
      key,
      typeof value === "number" ? Number(value.toPrecision(4)) : value,
    ]),
  );
  process.stdout.write(`${JSON.stringify(rounded)}\n`);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}

/** Runs the two in turn, `rounds` times each after one warm-up of each, and gives what they return. */
export async function inTurn<A, B>(
  rounds: number,
  a: (round: number) => Promise<A>,
  b: (round: number) => Promise<B>,
): Promise<{ a: A[]; b: B[] }> {
  const taken = { a: [] as A[], b: [] as B[] };
  for (let round = -1; round < rounds; round++) {
    const [first, second] = [await a(round), await b(round)];
    if (round >= 0) {
      taken.a.push(first);
      taken.b.push(second);
    }
  }
  return taken;
}

/** Milliseconds that `act` takes. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await act();
  return performance.now() - begun;
}
