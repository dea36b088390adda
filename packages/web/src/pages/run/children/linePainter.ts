// Draws very many lines over axes, a slice at a time, so that no frame of the page is held up.

export type Lines = {
  /** For each axis, where each line is on it, 0 to 1 from below; NaN for nowhere. */
  readonly places: readonly Float64Array[];
  /** Where the axes are, in pixels of the page. */
  readonly xs: readonly number[];
  readonly top: number;
  readonly bottom: number;
  /** Where lines pass an axis on which they have no value. */
  readonly missing: number;
};
export type Style = { readonly color: string; readonly alpha: number; readonly width: number };

/** Lines of the first slice. A canvas draws later than it is told, so only the pace of frames says how many it bears. */
const FIRST_SLICE = 250;
const LEAST_SLICE = 60;
const MOST_SLICE = 1500;
/** A frame that takes longer than that was given too much, one that takes less than the other could do more. */
const SLOW_MS = 34;
const QUICK_MS = 20;
/** A path of few lines: one of thousands takes long to be stroked, all at once. */
const IN_PATH = 64;

export const yOf = ({ top, bottom, missing }: Lines, place: number): number =>
  place >= 0 ? bottom - place * (bottom - top) : missing;

/** Adds one line to the path. */
export function trace(context: CanvasRenderingContext2D, lines: Lines, line: number): void {
  lines.places.forEach((places, axis) => {
    const x = lines.xs[axis] ?? 0;
    const y = yOf(lines, places[line] ?? Number.NaN);
    if (axis === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
}

/**
 * Draws the lines of that order, each in the style that `styleOf` says; lines of one style that follow each other are one path.
 * Resolves nothing: `signal` ends it, and `done` is called after the last slice.
 */
export function paintLines(
  context: CanvasRenderingContext2D,
  lines: Lines,
  order: Uint32Array,
  styleOf: (line: number) => Style,
  signal: AbortSignal,
  done: () => void = () => {},
): void {
  let [at, size, before] = [0, FIRST_SLICE, undefined as number | undefined];
  const slice = (now: number) => {
    if (signal.aborted) return;
    const took = before === undefined ? undefined : now - before;
    before = now;
    if (took !== undefined && took > SLOW_MS) size = Math.max(LEAST_SLICE, size / 2);
    else if (took !== undefined && took < QUICK_MS) size = Math.min(MOST_SLICE, size * 1.25);
    const end = Math.min(order.length, at + size);
    while (at < end) {
      const style = styleOf(order[at] ?? 0);
      context.strokeStyle = style.color;
      context.globalAlpha = style.alpha;
      context.lineWidth = style.width;
      context.beginPath();
      for (let drawn = 0; at < end && drawn < IN_PATH; drawn++, at++) {
        const line = order[at] ?? 0;
        if (styleOf(line) !== style) break;
        trace(context, lines, line);
      }
      context.stroke();
    }
    if (at < order.length) requestAnimationFrame(slice);
    else done();
  };
  requestAnimationFrame(slice);
}

/** The line nearest to a point of the page, of those that are in; undefined where none is near. */
export function nearestLine(
  lines: Lines,
  isIn: Uint8Array,
  x: number,
  y: number,
  withinPx = 8,
): number | undefined {
  const { xs, places } = lines;
  let right = xs.findIndex((one) => one >= x);
  if (right === -1) right = xs.length - 1;
  if (right === 0) right = 1;
  const [from, to] = [xs[right - 1], xs[right]];
  const [left, other] = [places[right - 1], places[right]];
  if (from === undefined || to === undefined || left === undefined || other === undefined) return undefined;
  const share = to === from ? 0 : Math.min(1, Math.max(0, (x - from) / (to - from)));
  let [best, near] = [undefined as number | undefined, withinPx];
  for (let line = 0; line < isIn.length; line++) {
    if (isIn[line] === 0) continue;
    const a = yOf(lines, left[line] ?? Number.NaN);
    const far = Math.abs(a + (yOf(lines, other[line] ?? Number.NaN) - a) * share - y);
    if (far < near) [best, near] = [line, far];
  }
  return best;
}
