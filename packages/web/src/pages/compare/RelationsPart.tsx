// Which parameters go with which values of a metric: runs as points over one parameter, and as lines over all of them.
import { useMemo } from "react";
import { DataTable } from "../../parts/DataTable.tsx";
import { Empty } from "../../parts/Empty.tsx";
import { shownValue } from "../../parts/numbers.ts";
import { Chart } from "../../parts/plot/Chart.tsx";
import { colourOf, dashOf } from "../../parts/plot/looks.ts";
import type { ComparedRun } from "./comparedRuns.ts";
import { fieldsOf, numericFields } from "./fields.ts";
import classes from "./RelationsPart.module.css";
import { type Change, type CompareView, idsOf } from "./view.ts";

/** More axes than this have no room for their names. */
const MOST_AXES = 10;

export function RelationsPart({
  runs,
  view,
  change,
}: {
  readonly runs: readonly ComparedRun[];
  readonly view: CompareView;
  readonly change: Change;
}) {
  const params = useMemo(() => numericFields(fieldsOf(runs)), [runs]);
  const metrics = useMemo(
    () => [...new Set(runs.flatMap(({ values }) => Object.keys(values?.metrics ?? {})))].sort(),
    [runs],
  );
  const own = metrics.find((name) => !name.startsWith("system/")) ?? metrics[0];
  const metric = view.metric !== undefined && metrics.includes(view.metric) ? view.metric : own;
  if (metric === undefined) return <Empty title="These runs have logged no numbers" />;
  if (params.length === 0)
    return (
      <Empty title="No parameter of these runs is a number that differs">
        <p>Arguments, tags and parameters that mlflow logged are looked at.</p>
      </Empty>
    );
  const hidden = new Set(idsOf(view.hidden));
  const results = runs.map(({ values }) => values?.metrics[metric]?.value);
  const axes = [...params.slice(0, MOST_AXES), { name: metric, values: results }];
  const shown = runs.flatMap(({ runId, name }, look) => (hidden.has(runId) ? [] : [{ runId, name, look }]));
  return (
    <div className={classes.part}>
      <label className={classes.choice}>
        Metric
        <select value={metric} onChange={(event) => change({ metric: event.target.value })}>
          {metrics.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <span>its last value in each run</span>
      </label>
      <Parallel axes={axes} shown={shown} />
      <div className={classes.grid}>
        {params.slice(0, 24).map((param) => (
          <article key={param.name} className={classes.panel} aria-label={`${metric} over ${param.name}`}>
            <Scatter x={param} y={{ name: metric, values: results }} shown={shown} />
          </article>
        ))}
      </div>
      <section className={classes.table}>
        <DataTable
          label={`Parameters and ${metric}`}
          columns={[
            { name: "Run", cells: shown.map(({ name }) => name) },
            ...axes.map(({ name, values }) => ({
              name,
              cells: shown.map(({ look }) => values[look]),
              isNumber: true,
              show: (cell: unknown) => shownValue(cell as number | undefined),
            })),
          ]}
        />
      </section>
    </div>
  );
}

type Axis = { readonly name: string; readonly values: readonly (number | undefined)[] };
type Shown = readonly { readonly runId: string; readonly name: string; readonly look: number }[];

/** With some room beyond them, or just where the values end. */
const endsOf = (values: readonly (number | undefined)[], room = 0.06): readonly [number, number] => {
  const there = values.filter((value): value is number => value !== undefined && Number.isFinite(value));
  if (there.length === 0) return [0, 1];
  const [least, most] = [Math.min(...there), Math.max(...there)];
  const pad = most > least ? (most - least) * room : Math.abs(most) * 0.1 || 1;
  return [least - pad, most + pad];
};

function Scatter({ x, y, shown }: { readonly x: Axis; readonly y: Axis; readonly shown: Shown }) {
  const points = shown.flatMap(({ runId, name, look }) => {
    const [at, value] = [x.values[look], y.values[look]];
    return at === undefined || value === undefined || !Number.isFinite(value)
      ? []
      : [{ runId, name, look, at, value }];
  });
  const told = points
    .map(({ name, at, value }) => `${name}: ${shownValue(at)}, ${shownValue(value)}`)
    .join("; ");
  return (
    <Chart
      label={`${y.name} over ${x.name}. ${told}`}
      x={endsOf(x.values)}
      y={endsOf(y.values)}
      xName={x.name}
      yName={y.name}
    >
      {(scales) =>
        points.map(({ runId, name, look, at, value }) => (
          <circle
            key={runId}
            cx={scales.x(at)}
            cy={scales.y(value)}
            r="5"
            fill={colourOf(look)}
            stroke="var(--surface)"
          >
            <title>{`${name}: ${x.name} ${shownValue(at)}, ${y.name} ${shownValue(value)}`}</title>
          </circle>
        ))
      }
    </Chart>
  );
}

const [WIDTH, HEIGHT, TOP, BOTTOM, SIDE] = [1000, 300, 34, 26, 60];

/** A line for each run over an axis for each parameter; the last one is the metric. The table below tells the same. */
function Parallel({ axes, shown }: { readonly axes: readonly Axis[]; readonly shown: Shown }) {
  const gap = (WIDTH - 2 * SIDE) / Math.max(1, axes.length - 1);
  const ends = axes.map(({ values }) => endsOf(values, 0));
  const place = (axis: number, value: number) => {
    const [from, to] = ends[axis] ?? [0, 1];
    return HEIGHT - BOTTOM - ((value - from) / (to - from)) * (HEIGHT - TOP - BOTTOM);
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className={classes.parallel} tabIndex={0} aria-label="Runs over all parameters">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${shown.length} runs over ${axes.map(({ name }) => name).join(", ")}`}
      >
        {axes.map(({ name, values }, axis) => {
          const there = values.filter(
            (value): value is number => value !== undefined && Number.isFinite(value),
          );
          const x = SIDE + axis * gap;
          return (
            <g key={name}>
              <line x1={x} x2={x} y1={TOP} y2={HEIGHT - BOTTOM} stroke="var(--line-strong)" />
              <text x={x} y={14} textAnchor="middle" className={classes.axis}>
                {name.length > 22 ? `…${name.slice(-21)}` : name}
                <title>{name}</title>
              </text>
              <text x={x} y={TOP - 5} textAnchor="middle">
                {there.length > 0 && shownValue(Math.max(...there))}
              </text>
              <text x={x} y={HEIGHT - BOTTOM + 16} textAnchor="middle">
                {there.length > 0 && shownValue(Math.min(...there))}
              </text>
            </g>
          );
        })}
        {shown.map(({ runId, name, look }) => (
          <polyline
            key={runId}
            className={classes.run}
            fill="none"
            stroke={colourOf(look)}
            strokeWidth="2"
            strokeDasharray={dashOf(look).join(" ")}
            points={axes
              .flatMap(({ values }, axis) => {
                const value = values[look];
                return value === undefined || !Number.isFinite(value)
                  ? []
                  : [`${SIDE + axis * gap},${place(axis, value)}`];
              })
              .join(" ")}
          >
            <title>{name}</title>
          </polyline>
        ))}
      </svg>
    </section>
  );
}
