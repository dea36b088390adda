// A small chart of shapes instead of a canvas: axes with marks, and whatever is drawn between them.
import { type ReactNode, useEffect, useRef, useState } from "react";
import { numberTexts } from "./axisText.ts";
import classes from "./Chart.module.css";
import { marksOf } from "./marks.ts";

export type Scales = {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
};

/** Fills the part that it is in. `label` says what is seen, for who does not see it. */
export function Chart({
  label,
  x,
  y,
  xName,
  yName,
  children,
}: {
  readonly label: string;
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly xName: string;
  readonly yName: string;
  readonly children: (scales: Scales) => ReactNode;
}) {
  const place = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<{ readonly width: number; readonly height: number }>();
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { width = 0, height = 0 } = size ?? {};
  const yMarks = marksOf(y, Math.max(2, height / 34));
  const yTexts = numberTexts(yMarks.values, yMarks.distance);
  const left = 24 + 6.4 * Math.max(1, ...yTexts.map((text) => text.length));
  const [top, right, bottom] = [8, 12, 38];
  const xMarks = marksOf(x, Math.max(2, (width - left) / 64));
  const xTexts = numberTexts(xMarks.values, xMarks.distance);
  const scale =
    ([from, to]: readonly [number, number], start: number, end: number) =>
    (value: number) =>
      start + ((value - from) / (to - from || 1)) * (end - start);
  const scales = { x: scale(x, left, width - right), y: scale(y, height - bottom, top) };
  return (
    <div ref={place} className={classes.place}>
      {width > 60 && height > 60 && (
        <svg width={width} height={height} role="img" aria-label={label} className={classes.chart}>
          {yMarks.values.map((value, i) => (
            <g key={value}>
              <line
                className={classes.grid}
                x1={left}
                x2={width - right}
                y1={scales.y(value)}
                y2={scales.y(value)}
              />
              <text x={left - 6} y={scales.y(value) + 4} textAnchor="end">
                {yTexts[i]}
              </text>
            </g>
          ))}
          {xMarks.values.map((value, i) => (
            <text key={value} x={scales.x(value)} y={height - bottom + 15} textAnchor="middle">
              {xTexts[i]}
            </text>
          ))}
          {children(scales)}
          <text x={(left + width - right) / 2} y={height - 6} textAnchor="middle" className={classes.name}>
            {xName}
          </text>
          <text
            transform={`translate(11 ${(top + height - bottom) / 2}) rotate(-90)`}
            textAnchor="middle"
            className={classes.name}
          >
            {yName}
          </text>
        </svg>
      )}
    </div>
  );
}
