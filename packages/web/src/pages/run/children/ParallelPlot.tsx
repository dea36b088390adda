// Runs as lines over axes, one axis for each column: what was given on the left, what came of it on the right.
import type { RunPoint } from "@malachite/client";
import { useNavigate } from "@tanstack/react-router";
import { type PointerEvent, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { shownValue } from "../../../parts/numbers.ts";
import { type Axis, type Brush, cellOf } from "./axes.ts";
import { type Lines, nearestLine, paintLines, type Style, trace } from "./linePainter.ts";
import classes from "./ParallelPlot.module.css";
import { type Looks, useLooks } from "./ramp.ts";

const HEIGHT = 340;
const TOP = 14;
const BOTTOM = HEIGHT - 34;
const MISSING = HEIGHT - 12;
const SIDE = 56;
/** Narrower than that, names and ticks of axes run into each other: the plot scrolls. */
const LEAST_GAP = 84;
const GRAB_PX = 18;

export type PlotProps = {
  readonly points: readonly RunPoint[];
  readonly axes: readonly Axis[];
  readonly color: Axis | undefined;
  readonly brushes: Readonly<Record<string, Brush>>;
  readonly isIn: Uint8Array;
  readonly setBrush: (axis: string, brush: Brush | undefined) => void;
  /** The axis whose form is open. */
  readonly chosen: string | undefined;
  readonly choose: (axis: string) => void;
  /** The run that the table points at. */
  readonly pointed: number | undefined;
};

/** Dragging along an axis brushes it; its name opens a form that does the same by keys. */
export function ParallelPlot(props: PlotProps) {
  const { points, axes, brushes, setBrush, chosen, choose } = props;
  const [box, setBox] = useState<HTMLDivElement | null>(null);
  const width = Math.max(useWidth(box), SIDE * 2 + LEAST_GAP * (axes.length - 1));
  const looks = useLooks(box);
  const lines = useMemo((): Lines => {
    const gap = axes.length > 1 ? (width - SIDE * 2) / (axes.length - 1) : 0;
    return {
      places: axes.map(({ places }) => places),
      xs: axes.map((_, at) => (axes.length > 1 ? SIDE + at * gap : width / 2)),
      top: TOP,
      bottom: BOTTOM,
      missing: MISSING,
    };
  }, [axes, width]);
  const [hovered, setHovered] = useState<number>();
  const back = useRef<HTMLCanvasElement>(null);
  const middle = useRef<HTMLCanvasElement>(null);
  const front = useRef<HTMLCanvasElement>(null);
  usePainted(back, middle, front, props, lines, width, looks, hovered);
  const navigate = useNavigate();
  const drag = useDrag(lines, axes, setBrush);
  const lineAt = (event: PointerEvent<HTMLElement>) => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    return nearestLine(lines, props.isIn, event.clientX - left, event.clientY - top);
  };
  const under = hovered ?? props.pointed;
  const point = under === undefined ? undefined : points[under];
  return (
    <div ref={setBox} className={classes.plot}>
      <div className={classes.inside} style={{ width }}>
        <ul className={classes.names} aria-label="Axes">
          {axes.map(({ id, name, of }, at) => (
            <li key={id} style={{ left: lines.xs[at] ?? 0 }}>
              <button
                type="button"
                aria-expanded={chosen === id}
                className={`${classes.name} ${brushes[id] ? classes.brushed : ""}`}
                title={`${of}: ${name}`}
                onClick={() => choose(id)}
              >
                {name}
              </button>
            </li>
          ))}
        </ul>
        <div
          className={classes.canvases}
          style={{ height: HEIGHT }}
          onPointerDown={drag.down}
          onPointerMove={(event) => {
            if (!drag.move(event)) setHovered(event.pointerType === "mouse" ? lineAt(event) : undefined);
          }}
          onPointerUp={(event) => {
            const clicked = !drag.up(event) && event.pointerType === "mouse" ? lineAt(event) : undefined;
            const run = clicked === undefined ? undefined : points[clicked];
            if (run) void navigate({ to: "/runs/$runId", params: { runId: run.runId } });
          }}
          onPointerLeave={() => setHovered(undefined)}
        >
          <canvas ref={back} aria-hidden style={{ opacity: Object.keys(brushes).length > 0 ? 0.14 : 1 }} />
          <canvas ref={middle} aria-hidden />
          <canvas
            ref={front}
            role="img"
            aria-label={`${points.length} runs as lines over the axes ${axes.map(({ name }) => name).join(", ")}. The table below has the same values.`}
          />
        </div>
      </div>
      <p className={classes.hint} aria-hidden>
        {point === undefined ? (
          "Drag along an axis to choose a part of it. Its name opens what can be done with it."
        ) : (
          <>
            <strong>{point.displayName ?? point.runId}</strong>
            {axes.map((axis) => (
              <span key={axis.id}>
                {axis.name} {shownValue(shown(cellOf(point, axis)))}
              </span>
            ))}
          </>
        )}
      </p>
    </div>
  );
}

const shown = (value: number | string | undefined): number | string | undefined =>
  typeof value === "string" && value !== "" && Number.isFinite(Number(value)) ? Number(value) : value;

/** Draws all lines once, and those that are in anew when they are others; each drawing ends the one before. */
function usePainted(
  back: RefObject<HTMLCanvasElement | null>,
  middle: RefObject<HTMLCanvasElement | null>,
  front: RefObject<HTMLCanvasElement | null>,
  { axes, color, brushes, isIn, pointed }: PlotProps,
  lines: Lines,
  width: number,
  looks: Looks | undefined,
  hovered: number | undefined,
): void {
  const count = isIn.length;
  const order = useMemo(() => byColor(color, count), [color, count]);
  const isBrushed = Object.keys(brushes).length > 0;
  const styleOf = useMemo(() => {
    if (looks === undefined) return undefined;
    const steps = looks.ramp.length;
    // The more lines there are, the fainter each, so that where many go is seen.
    const alpha = Math.max(0.12, Math.min(0.8, 10 / Math.sqrt(Math.max(1, count))));
    const styles = looks.ramp.map((one): Style => ({ color: one, alpha, width: 1 }));
    const none: Style = { color: looks.faint, alpha, width: 1 };
    const places = color?.places;
    return (line: number): Style => {
      const place = places?.[line] ?? Number.NaN;
      return place >= 0 ? (styles[Math.round(place * (steps - 1))] ?? none) : none;
    };
  }, [looks, color, count]);
  useEffect(() => {
    if (styleOf === undefined || back.current === null) return;
    const drawing = new AbortController();
    paintLines(sized(back.current, width), lines, order, styleOf, drawing.signal);
    return () => drawing.abort();
  }, [back, lines, width, order, styleOf]);
  // Of those that are in, when some are not: all lines stay as they are below them, and only fade.
  useEffect(() => {
    if (styleOf === undefined || middle.current === null) return;
    const context = sized(middle.current, width);
    if (!isBrushed) return;
    const drawing = new AbortController();
    const within = order.filter((line) => isIn[line] !== 0);
    paintLines(context, lines, within, styleOf, drawing.signal);
    return () => drawing.abort();
  }, [middle, lines, width, order, styleOf, isIn, isBrushed]);
  useEffect(() => {
    if (looks === undefined || front.current === null) return;
    const context = sized(front.current, width);
    drawAxes(context, lines, axes, brushes, looks);
    for (const line of new Set([pointed, hovered])) {
      if (line === undefined || line >= count) continue;
      context.beginPath();
      trace(context, lines, line);
      context.strokeStyle = looks.ink;
      context.lineWidth = 2.5;
      context.stroke();
    }
  }, [front, lines, width, looks, axes, brushes, pointed, hovered, count]);
}

/** The lines in the order of their colour: strokes of one colour go together. */
function byColor(color: Axis | undefined, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  if (color === undefined) return order;
  const place = (line: number) => {
    const at = color.places[line] ?? Number.NaN;
    return at >= 0 ? at : -1;
  };
  return order.sort((a, b) => place(a) - place(b));
}

/** A clean canvas with as many dots as the screen has. */
function sized(canvas: HTMLCanvasElement, width: number): CanvasRenderingContext2D {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(HEIGHT * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser draws nothing.");
  context.scale(scale, scale);
  return context;
}

function drawAxes(
  context: CanvasRenderingContext2D,
  lines: Lines,
  axes: readonly Axis[],
  brushes: Readonly<Record<string, Brush>>,
  looks: Looks,
): void {
  const y = (place: number) => BOTTOM - place * (BOTTOM - TOP);
  context.lineJoin = "round";
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  axes.forEach(({ id, ticks }, at) => {
    const x = lines.xs[at] ?? 0;
    context.strokeStyle = looks.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, TOP);
    context.lineTo(x, BOTTOM);
    context.stroke();
    const isLast = at === axes.length - 1 && at > 0;
    context.textAlign = isLast ? "left" : "right";
    context.textBaseline = "middle";
    for (const { at: place, text } of ticks) {
      const label = text.length > 9 ? `${text.slice(0, 8)}…` : text;
      context.strokeStyle = looks.line;
      context.beginPath();
      context.moveTo(x - 3, y(place));
      context.lineTo(x + 3, y(place));
      context.stroke();
      // A rim keeps it readable in front of any number of lines.
      context.strokeStyle = looks.surface;
      context.lineWidth = 4;
      context.strokeText(label, isLast ? x + 7 : x - 7, y(place));
      context.lineWidth = 1;
      context.fillStyle = looks.ink;
      context.fillText(label, isLast ? x + 7 : x - 7, y(place));
    }
    const brush = brushes[id];
    if (brush === undefined) return;
    context.globalAlpha = 0.25;
    context.fillStyle = looks.accent;
    context.fillRect(x - 7, y(brush.to) - 1, 14, y(brush.from) - y(brush.to) + 2);
    context.globalAlpha = 1;
    context.strokeStyle = looks.accent;
    context.strokeRect(x - 7, y(brush.to) - 1, 14, y(brush.from) - y(brush.to) + 2);
  });
  context.fillStyle = looks.muted;
  context.textAlign = "left";
  context.fillText("none", 4, MISSING);
}

/** Dragging along an axis. `move` and `up` say whether there was one; a click on an axis takes its brush away. */
function useDrag(lines: Lines, axes: readonly Axis[], setBrush: PlotProps["setBrush"]) {
  const dragged = useRef<{ axis: string; from: number } | undefined>(undefined);
  const frame = useRef(0);
  const placeAt = (event: PointerEvent<HTMLElement>) => {
    const y = event.clientY - event.currentTarget.getBoundingClientRect().top;
    return Math.min(1, Math.max(0, (BOTTOM - y) / (BOTTOM - TOP)));
  };
  return {
    down: (event: PointerEvent<HTMLElement>) => {
      const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
      const at = lines.xs.findIndex((one) => Math.abs(one - x) <= GRAB_PX);
      const axis = axes[at];
      if (axis === undefined || event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      dragged.current = { axis: axis.id, from: placeAt(event) };
    },
    move: (event: PointerEvent<HTMLElement>): boolean => {
      const now = dragged.current;
      if (now === undefined) return false;
      const place = placeAt(event);
      cancelAnimationFrame(frame.current);
      frame.current = requestAnimationFrame(() =>
        setBrush(now.axis, { from: Math.min(now.from, place), to: Math.max(now.from, place) }),
      );
      return true;
    },
    up: (event: PointerEvent<HTMLElement>): boolean => {
      const now = dragged.current;
      dragged.current = undefined;
      if (now === undefined) return false;
      if (Math.abs(placeAt(event) - now.from) < 0.01) {
        cancelAnimationFrame(frame.current);
        setBrush(now.axis, undefined);
      }
      return true;
    },
  };
}

function useWidth(element: HTMLElement | null): number {
  const [width, setWidth] = useState(800);
  useEffect(() => {
    if (element === null) return;
    const watch = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(element);
    return () => watch.disconnect();
  }, [element]);
  return width;
}
