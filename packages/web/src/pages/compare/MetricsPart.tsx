// Metrics of runs over each other: a plot for each name, a line for each run.
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Empty, Waiting } from "../../parts/Empty.tsx";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { shownValue } from "../../parts/numbers.ts";
import { useCursor } from "../../parts/plot/cursor.ts";
import { lineOf } from "../../parts/plot/lines.ts";
import { colourOf } from "../../parts/plot/looks.ts";
import { Plot } from "../../parts/plot/Plot.tsx";
import { Readout } from "../../parts/plot/Readout.tsx";
import { useInView } from "../../parts/plot/useInView.ts";
import { SYSTEM, seriesQuery } from "../../service/metrics.ts";
import { useWorkspace } from "../../service/service.tsx";
import { hasWords } from "../run/metrics/groups.ts";
import { PlotMenu } from "../run/metrics/PlotMenu.tsx";
import { Toolbar } from "../run/metrics/Toolbar.tsx";
import { printZoom, readZoom, xOf } from "../run/metrics/view.ts";
import type { ComparedRun } from "./comparedRuns.ts";
import classes from "./MetricsPart.module.css";
import { type Change, type CompareView, idsOf } from "./view.ts";

type Props = {
  readonly runs: readonly ComparedRun[];
  readonly view: CompareView;
  readonly change: Change;
};

export function MetricsPart({ runs, view, change }: Props) {
  const names = useMemo(() => {
    const all = new Set(runs.flatMap(({ values }) => Object.keys(values?.metrics ?? {})));
    return [...all].filter((name) => hasWords(name, view.q ?? "")).sort(order.compare);
  }, [runs, view.q]);
  const own = names.filter((name) => !name.startsWith("system/"));
  const system = names.filter((name) => name.startsWith("system/"));
  return (
    <div>
      <Toolbar view={view} change={change} />
      {names.length === 0 && (
        <Empty title={view.q ? "No such metric" : "These runs have logged no numbers"} />
      )}
      <div className={classes.grid}>
        {own.map((name) => (
          <Overlay key={name} name={name} runs={runs} view={view} change={change} />
        ))}
      </div>
      {system.length > 0 && (
        <section>
          <h2 className={classes.heading}>
            <button
              type="button"
              aria-expanded={view.system === true}
              onClick={() => change({ system: view.system ? undefined : true })}
            >
              {view.system ? "▾" : "▸"} System <span>{system.length}</span>
            </button>
          </h2>
          {view.system && (
            <div className={classes.grid}>
              {system.map((name) => (
                <Overlay key={name} name={name} runs={runs} view={view} change={change} />
              ))}
            </div>
          )}
        </section>
      )}
    </div>
  );
}

const order = new Intl.Collator("en", { numeric: true });
const POINTS = 300;

function Overlay({ name, ...props }: Props & { readonly name: string }) {
  const [ref, isInView] = useInView<HTMLElement>();
  const [canvas, setCanvas] = useState<HTMLCanvasElement>();
  const runIds = props.runs.map(({ runId }) => runId);
  const namespace = name.startsWith("system/") ? SYSTEM : undefined;
  return (
    <article ref={ref} className={classes.panel} aria-label={name}>
      <header>
        <h2 title={name}>{name}</h2>
        <PlotMenu
          runIds={runIds}
          metric={{ name, namespace, columns: { [name]: "double" } }}
          canvas={canvas}
        />
      </header>
      {isInView && <OverlayPlot name={name} {...props} canvas={setCanvas} />}
    </article>
  );
}

function OverlayPlot({
  name,
  runs,
  view,
  change,
  canvas,
}: Props & { readonly name: string; readonly canvas: (canvas: HTMLCanvasElement | undefined) => void }) {
  const workspace = useWorkspace();
  const zoom = useMemo(() => readZoom(view.zoom), [view.zoom]);
  const x = xOf(view);
  const beyond = zoom ? (zoom.to - zoom.from) / 4 : 0;
  const isZoomed = zoom !== undefined && (zoom.axis === x || (zoom.axis === "index" && x === "step"));
  const ask = {
    x,
    ...(isZoomed
      ? { from: zoom.from - beyond, to: zoom.to + beyond, points: POINTS * 1.5 }
      : { points: POINTS }),
  };
  const ids = useMemo(() => runs.map(({ runId }) => runId), [runs]);
  const query = useQuery(seriesQuery(workspace, ids, name, ask));
  const hidden = useMemo(() => new Set(idsOf(view.hidden)), [view.hidden]);
  const cursor = useCursor();
  const lines = useMemo(
    () =>
      (query.data ?? []).flatMap((series) => {
        const look = ids.indexOf(series.runId);
        if (look < 0 || hidden.has(series.runId)) return [];
        const label = runs[look]?.name ?? series.runId;
        return [lineOf(series, { key: series.runId, label, look }, { smooth: view.smooth, log: view.log })];
      }),
    [query.data, ids, runs, hidden, view.smooth, view.log],
  );
  if (query.error) return <FaultNote error={query.error} again={() => void query.refetch()} />;
  if (query.data === undefined) return <Waiting />;
  if (query.data.every(({ total }) => total === 1)) return <Bars lines={lines} />;
  const axis = query.data[0]?.axis ?? x;
  return (
    <div className={classes.body}>
      <div className={classes.legend}>
        <Readout lines={lines} axis={axis} cursor={cursor} named />
      </div>
      <Plot
        label={name}
        lines={lines}
        axis={axis}
        log={view.log}
        range={zoom && zoom.axis === axis ? zoom : undefined}
        onRange={(next) => change({ zoom: printZoom(axis, next) })}
        cursor={cursor}
        sync={`compare ${axis}`}
        canvas={canvas}
      />
    </div>
  );
}

/** Metrics that were logged once: their values as lengths. */
function Bars({ lines }: { readonly lines: readonly ReturnType<typeof lineOf>[] }) {
  const values = lines.map(({ y }) => y.at(-1) ?? null);
  const most = Math.max(...values.map((value) => Math.abs(value ?? 0)), Number.MIN_VALUE);
  return (
    <ul className={classes.bars}>
      {lines.map((line, i) => (
        <li key={line.key}>
          <span className={classes.of} title={line.label}>
            {line.label}
          </span>
          <span className={classes.track}>
            <span
              style={{
                width: `${(100 * Math.abs(values[i] ?? 0)) / most}%`,
                background: colourOf(line.look),
              }}
            />
          </span>
          <b>{values[i] === null ? (line.nonFinite[0]?.value ?? "–") : shownValue(values[i])}</b>
        </li>
      ))}
    </ul>
  );
}
