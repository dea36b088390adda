// Lines over an axis, on a canvas: zoom by dragging, a cursor that the mouse, a finger or the arrow keys move.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { shownValue } from "../numbers.ts";
import { type Axis, placeText } from "./axisText.ts";
import type { PlotCursor } from "./cursor.ts";
import { inFrames } from "./inFrames.ts";
import { columnsOf, countMarks, type Line, nearest, shownAt, tableOfColumns } from "./lines.ts";
import { useColours } from "./looks.ts";
import classes from "./Plot.module.css";
import { type PlotRange, type Shown, uplotOptions } from "./uplotOptions.ts";

export type PlotProps = {
  /** What is drawn, for readers of the screen. */
  readonly label: string;
  readonly lines: readonly Line[];
  readonly axis: Axis;
  readonly log?: boolean;
  /** The part of the axis that is shown; without one, all. */
  readonly range?: PlotRange;
  /** Shows another part, or all. */
  readonly onRange: (range: PlotRange | undefined) => void;
  readonly cursor: PlotCursor;
  /** Plots with the same name move their cursors together. */
  readonly sync?: string;
  /** For Enter. */
  readonly onOpen?: () => void;
  /** The ends of the vertical axis, where they are known. */
  readonly ends?: readonly [number, number];
  /** Gives the canvas to those who save it. */
  readonly canvas?: (canvas: HTMLCanvasElement | undefined) => void;
};

/** Fills the part that it is in, whose height must not depend on it. */
export function Plot(props: PlotProps) {
  const { lines, axis, log = false, range, sync, label, cursor } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const colours = useColours();
  const columns = useMemo(() => columnsOf(lines), [lines]);
  const table = useMemo(() => tableOfColumns(columns), [columns]);
  const current = useRef(props);
  const shown = useRef<Shown>({ columns, range });
  current.current = props;
  shown.current = { columns, range };
  // Another set of columns is another plot; other values are not.
  const shape = `${axis} ${log} ${sync} ${props.ends} ${columns.map(({ line, part }) => `${part}${line.look}`).join()}`;
  const firstTable = useRef(table);
  firstTable.current = table;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for what a plot is made of
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let unmake: (() => void) | undefined;
    const takeBack = inFrames(() => {
      const options = uplotOptions({
        ...{ axis, log, sync, ends: current.current.ends },
        width: element.clientWidth,
        height: element.clientHeight,
        shown: () => shown.current,
        onSelect: (selected) => current.current.onRange(selected),
        onCursor: (at) => cursor.set(at),
      });
      const made = new uPlot(options, firstTable.current as uPlot.AlignedData, element);
      plot.current = made;
      current.current.canvas?.(made.ctx.canvas);
      const forget = followFinger(made);
      const observer = new ResizeObserver(() => {
        const { clientWidth: width, clientHeight: height } = element;
        if (width > 0 && height > 0 && (width !== made.width || height !== made.height))
          made.setSize({ width, height });
      });
      observer.observe(element);
      unmake = () => {
        observer.disconnect();
        forget();
        current.current.canvas?.(undefined);
        leave(made, sync);
        made.destroy();
        plot.current = undefined;
        cursor.set(undefined);
      };
    });
    return () => {
      takeBack();
      unmake?.();
    };
  }, [shape, cursor]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another range scales anew
  useEffect(() => {
    plot.current?.setData(table as uPlot.AlignedData);
  }, [table, range?.from, range?.to]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other colours are painted anew
  useEffect(() => plot.current?.redraw(false), [colours]);

  const [said, setSaid] = useState("");
  const onKeyDown = useCallback((event: React.KeyboardEvent) => {
    const made = plot.current;
    if (made === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = keyStep(event.key, event.shiftKey, made, current.current);
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (step.kind === "range") current.current.onRange(step.range);
    else if (step.kind === "open") current.current.onOpen?.();
    else {
      moveCursor(made, step.at);
      setSaid(saidAt(current.current, made.data[0]?.[step.at]));
    }
  }, []);
  return (
    <div
      ref={place}
      className={classes.plot}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move its cursor
      tabIndex={0}
      role="application"
      onDoubleClick={() => props.onRange(undefined)}
      aria-roledescription="plot"
      aria-label={`${label}. ${summary(lines, axis)} Arrow keys move along it, plus and minus zoom, 0 shows all.`}
      onKeyDown={onKeyDown}
      onBlur={() => {
        setSaid("");
        if (plot.current) leave(plot.current, sync);
      }}
    >
      <span className="visually-hidden" aria-live="polite">
        {said}
      </span>
    </div>
  );
}

function summary(lines: readonly Line[], axis: Axis): string {
  const [first] = lines;
  if (lines.length !== 1 || first === undefined) return `${lines.length} lines.`;
  const ends = [first.x[0], first.x.at(-1)].map((x) => (x === undefined ? "" : placeText(axis, x)));
  const marks = countMarks(lines).map(({ value, count }) => ` ${count} ${value}.`);
  const last = first.y.findLast((value) => value !== null);
  return `From ${ends[0]} to ${ends[1]}, last ${shownValue(last)}.${marks.join("")}`;
}

/** What is read out at a place. */
function saidAt({ lines, axis }: PlotProps, x: number | undefined): string {
  if (x === undefined) return "";
  const values = lines.slice(0, 10).flatMap((line) => {
    const at = nearest(line.x, x, 0);
    if (at === undefined) return [];
    return `${lines.length > 1 ? `${line.label}: ` : ""}${shownAt(line, at)}`;
  });
  return `${placeText(axis, x)}: ${values.join(", ")}`;
}

type Step =
  | { readonly kind: "cursor"; readonly at: number }
  | { readonly kind: "range"; readonly range: PlotRange | undefined }
  | { readonly kind: "open" };

function keyStep(key: string, shift: boolean, plot: uPlot, { range, onOpen }: PlotProps): Step | undefined {
  const x = plot.data[0] ?? [];
  const { min, max } = plot.scales.x ?? {};
  if (x.length === 0 || min === undefined || max === undefined || min === null || max === null)
    return undefined;
  const first = plot.valToIdx(min);
  const last = plot.valToIdx(max);
  const { left = -1, idx } = plot.cursor;
  const isThere = left >= 0 && idx !== null && idx !== undefined;
  const go = (by: number, from: number): Step => ({
    kind: "cursor",
    at: Math.min(last, Math.max(first, isThere ? idx + by : from)),
  });
  const page = Math.max(1, Math.round((last - first) / 10));
  const width = max - min;
  const shiftBy = (by: number): Step => ({
    kind: "range",
    range: { from: min + by * width, to: max + by * width },
  });
  switch (key) {
    case "ArrowLeft":
      return shift && range ? shiftBy(-0.25) : go(-1, last);
    case "ArrowRight":
      return shift && range ? shiftBy(0.25) : go(1, first);
    case "PageUp":
      return go(-page, last);
    case "PageDown":
      return go(page, first);
    case "Home":
      return { kind: "cursor", at: first };
    case "End":
      return { kind: "cursor", at: last };
    case "+":
    case "=":
    case "-": {
      const middle = isThere ? (x[idx] as number) : (min + max) / 2;
      const by = key === "-" ? 2 : 0.5;
      return {
        kind: "range",
        range: { from: middle - (middle - min) * by, to: middle + (max - middle) * by },
      };
    }
    case "0":
      return { kind: "range", range: undefined };
    case "Escape":
      return range === undefined ? undefined : { kind: "range", range: undefined };
    case "Enter":
      return onOpen && { kind: "open" };
    default:
      return undefined;
  }
}

/** Moves the cursor, and those of plots that move with it: the third argument, which the types leave out. */
function setCursor(plot: uPlot, left: number, top: number): void {
  (plot.setCursor as (at: { left: number; top: number }, fire: boolean, tell: boolean) => void)(
    { left, top },
    true,
    true,
  );
}

function moveCursor(plot: uPlot, at: number): void {
  const left = plot.valToPos(plot.data[0]?.[at] as number, "x");
  setCursor(plot, Math.min(Math.max(left, 0), plot.over.clientWidth - 1), plot.over.clientHeight / 2);
}

/** Points at nothing any more, nor do the plots that moved along. */
function leave(plot: uPlot, sync: string | undefined): void {
  const plots = sync === undefined ? [plot] : uPlot.sync(sync).plots;
  for (const one of plots) one.setCursor({ left: -10, top: -10 });
}

/** A finger that moves sideways points; up and down it scrolls the page. */
function followFinger(plot: uPlot): () => void {
  const onPointer = (event: PointerEvent) => {
    if (event.pointerType === "mouse") return;
    const { left, top } = plot.over.getBoundingClientRect();
    setCursor(plot, event.clientX - left, event.clientY - top);
  };
  plot.over.addEventListener("pointerdown", onPointer);
  plot.over.addEventListener("pointermove", onPointer);
  return () => {
    plot.over.removeEventListener("pointerdown", onPointer);
    plot.over.removeEventListener("pointermove", onPointer);
  };
}
