// The values of a plot in words: where one points, else the last ones.
import { shownCount, shownValue } from "../numbers.ts";
import { type Axis, placeText } from "./axisText.ts";
import { type PlotCursor, useCursorPlace } from "./cursor.ts";
import { countMarks, type Line, nearest, shownAt } from "./lines.ts";
import { colourOf, dashOf } from "./looks.ts";
import classes from "./Readout.module.css";

/** How a line looks. */
export function Swatch({ look }: { readonly look: number }) {
  return (
    <svg className={classes.swatch} width="22" height="8" aria-hidden="true">
      <line
        x1="0"
        x2="22"
        y1="4"
        y2="4"
        stroke={colourOf(look)}
        strokeWidth="2.4"
        strokeDasharray={dashOf(look).join(" ")}
      />
    </svg>
  );
}

/** One line of height; `named` tells which line a value is of. */
export function Readout({
  lines,
  axis,
  cursor,
  named,
}: {
  readonly lines: readonly Line[];
  readonly axis: Axis;
  readonly cursor: PlotCursor;
  readonly named?: boolean;
}) {
  const x = useCursorPlace(cursor);
  const marks = countMarks(lines);
  const hidden = lines.reduce((sum, { notAboveZero }) => sum + notAboveZero, 0);
  return (
    <div className={classes.readout}>
      {lines.map((line) => (
        <span key={line.key} className={classes.one} title={named ? line.label : undefined}>
          {named && <Swatch look={line.look} />}
          {named && <span>{line.label}</span>}
          <b>{valueAt(line, x)}</b>
          {spreadAt(line, x)}
        </span>
      ))}
      {x !== undefined && <span>{placeText(axis, x)}</span>}
      {x === undefined &&
        marks.map(({ value, count }) => (
          <span key={value} className={classes.mark}>
            {shownCount(count)} × {value === "NaN" ? "NaN" : value === "Infinity" ? "∞" : "−∞"}
          </span>
        ))}
      {x === undefined && hidden > 0 && <span>{shownCount(hidden)} not above 0</span>}
    </div>
  );
}

/** The index at a place; without one, of the last value. */
function indexAt(line: Line, x: number | undefined): number | undefined {
  if (x === undefined) {
    const at = line.y.findLastIndex((value) => value !== null);
    return at < 0 ? undefined : at;
  }
  const reach = ((line.x.at(-1) ?? 0) - (line.x[0] ?? 0)) / 50;
  return nearest(line.x, x, reach);
}

function valueAt(line: Line, x: number | undefined): string {
  const at = indexAt(line, x);
  if (at === undefined) return "–";
  return shownAt(line, at);
}

function spreadAt(line: Line, x: number | undefined): string {
  if (x === undefined) return "";
  const at = indexAt(line, x);
  if (at === undefined) return "";
  const [min, max, raw] = [line.min?.[at], line.max?.[at], line.raw?.[at]];
  if (min !== undefined && max !== undefined && min !== max)
    return `${shownValue(min)} to ${shownValue(max)}`;
  return raw !== undefined && raw !== null ? `(${shownValue(raw)})` : "";
}
