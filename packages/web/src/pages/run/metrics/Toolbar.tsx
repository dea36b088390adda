// How the metrics of a run are shown.
import { RotateCcw } from "lucide-react";
import { useMemo } from "react";
import { useKeys } from "../../../app/keys.ts";
import { Button } from "../../../parts/Button.tsx";
import { Choice } from "../../../parts/Choice.tsx";
import { SearchBox } from "../../../parts/SearchBox.tsx";
import classes from "./Toolbar.module.css";
import { type MetricsView, X_CHOICES } from "./view.ts";

/** Stays in view while the plots scroll. */
export function Toolbar({
  view,
  change,
}: {
  readonly view: MetricsView;
  readonly change: (part: Partial<MetricsView>) => void;
}) {
  useKeys(
    useMemo(
      () => ({
        l: () => change({ log: view.log ? undefined : true }),
        ...(view.zoom === undefined ? {} : { "0": () => change({ zoom: undefined }) }),
      }),
      [change, view.log, view.zoom],
    ),
  );
  return (
    <div className={classes.bar} role="toolbar" aria-label="How metrics are shown">
      <SearchBox
        label="Find metrics"
        placeholder="Find metrics"
        value={view.q ?? ""}
        onChange={(q) => change({ q: q || undefined })}
      />
      <Choice word="X">
        <select
          aria-label="Horizontal axis"
          value={view.x ?? "step"}
          onChange={(event) =>
            change({ x: event.target.value === "step" ? undefined : event.target.value, zoom: undefined })
          }
        >
          {X_CHOICES.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </Choice>
      <Choice word="Smooth">
        <input
          type="range"
          aria-label="Smoothing"
          min={0}
          max={0.99}
          step={0.01}
          value={view.smooth ?? 0}
          onChange={(event) => change({ smooth: Number(event.target.value) || undefined })}
        />
        <output>{(view.smooth ?? 0).toFixed(2)}</output>
      </Choice>
      <Button
        size="small"
        aria-pressed={view.log === true}
        title="Logarithmic vertical axis (L)"
        onClick={() => change({ log: view.log ? undefined : true })}
      >
        Log
      </Button>
      {view.zoom !== undefined && (
        <Button
          size="small"
          title="Show all (double click, or 0)"
          onClick={() => change({ zoom: undefined })}
        >
          <RotateCcw aria-hidden /> Show all
        </Button>
      )}
    </div>
  );
}
