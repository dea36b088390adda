// The curves of an accuracy table: ROC, precision and recall, gain, lift.
import { type AccuracyTable, type CurveKind, curvesOf, type ThresholdKind } from "@malachite/client";
import { useMemo, useState } from "react";
import { Chart } from "../../../../parts/plot/Chart.tsx";
import { colourOf, dashOf } from "../../../../parts/plot/looks.ts";
import { Swatch } from "../../../../parts/plot/Readout.tsx";
import classes from "./charts.module.css";

const KINDS: Readonly<Record<CurveKind, { readonly label: string; readonly x: string; readonly y: string }>> =
  {
    roc: { label: "ROC", x: "False positive rate", y: "True positive rate" },
    precisionRecall: { label: "Precision and recall", x: "Recall", y: "Precision" },
    gain: { label: "Gain", x: "Share taken", y: "Recall" },
    lift: { label: "Lift", x: "Share taken", y: "Times better than chance" },
  };

export function AccuracyCurves({ name, table }: { readonly name: string; readonly table: AccuracyTable }) {
  const [kind, setKind] = useState<CurveKind>("roc");
  const [by, setBy] = useState<ThresholdKind>("probability");
  const curves = useMemo(() => curvesOf(table, kind, by), [table, kind, by]);
  const { label, x, y } = KINDS[kind];
  const greatest = Math.max(1, ...curves.flatMap(({ points }) => points.map((point) => point.y)));
  const areas = curves.map((curve) => `${curve.label ?? "all"} ${curve.area.toFixed(3)}`).join(", ");
  return (
    <div className={classes.chart}>
      <div className={classes.tools}>
        <select
          aria-label={`Curve of ${name}`}
          value={kind}
          onChange={(event) => setKind(event.target.value as CurveKind)}
        >
          {Object.entries(KINDS).map(([value, one]) => (
            <option key={value} value={value}>
              {one.label}
            </option>
          ))}
        </select>
        <select
          aria-label={`Thresholds of ${name}`}
          value={by}
          onChange={(event) => setBy(event.target.value as ThresholdKind)}
        >
          <option value="probability">by probability</option>
          <option value="percentile">by percentile</option>
        </select>
        {curves.map((curve, look) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: labels may be the same
          <span key={look} className={classes.key} title={curve.label}>
            <Swatch look={look} />
            {curve.label ?? "All"}
            {kind !== "lift" && <b>{curve.area.toFixed(3)}</b>}
          </span>
        ))}
      </div>
      <Chart
        label={`${label} of ${name}. Areas under the curves: ${areas}.`}
        x={[0, 1]}
        y={[0, kind === "lift" ? greatest * 1.05 : 1]}
        xName={x}
        yName={y}
      >
        {(scales) => (
          <>
            {kind !== "precisionRecall" && (
              <line
                x1={scales.x(0)}
                y1={scales.y(kind === "lift" ? 1 : 0)}
                x2={scales.x(1)}
                y2={scales.y(1)}
                stroke="var(--faint)"
                strokeDasharray="3 4"
              />
            )}
            {curves.map((curve, look) => (
              <polyline
                // biome-ignore lint/suspicious/noArrayIndexKey: labels may be the same
                key={look}
                fill="none"
                stroke={colourOf(look)}
                strokeWidth="1.8"
                strokeDasharray={dashOf(look).join(" ")}
                points={curve.points.map((point) => `${scales.x(point.x)},${scales.y(point.y)}`).join(" ")}
              />
            ))}
          </>
        )}
      </Chart>
    </div>
  );
}
