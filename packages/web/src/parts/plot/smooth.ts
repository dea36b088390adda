// Smooths a line: an exponential average that goes forward only and starts without a bias towards zero. Pure.

/** Of a whole line: an average that reaches over some of its points reaches as far however finely it is drawn. */
export type Extent = { readonly total: number; readonly firstX: number; readonly lastX: number };

/** No line has more points for the average than this: a million would leave nothing to see of it. */
const MOST_POINTS = 1000;

/**
 * `weight`: how much of the average so far is kept from one point to the next, 0 to below 1. Values that are missing stay missing and
 * do not count.
 */
export function smooth(
  x: readonly number[],
  y: readonly (number | null)[],
  weight: number,
  { total, firstX, lastX }: Extent,
): (number | null)[] {
  const points = Math.min(Math.max(total, 2), MOST_POINTS);
  const pace = (lastX - firstX) / (points - 1);
  let average = 0;
  let weights = 0;
  let before: number | undefined;
  return y.map((value, i) => {
    if (value === null) return null;
    const at = x[i] as number;
    const kept = before === undefined ? 0 : weight ** (pace > 0 ? Math.max((at - before) / pace, 0) : 1);
    before = at;
    weights = weights * kept + (1 - weight);
    // As a step from the average, so that a constant stays exactly what it is.
    average += (value - average) * ((1 - weight) / weights);
    return average;
  });
}
