// The columns of a table of runs.
import type { RunValues, TableRun } from "@malachite/client";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { shownValue } from "../../parts/numbers.ts";
import { Status } from "../../parts/Status.tsx";
import { Duration, Time } from "../../parts/Time.tsx";
import classes from "./RunTable.module.css";
import { KEYED } from "./view.ts";

export type Column = {
  readonly name: string;
  readonly head: string;
  /** For grid-template-columns. */
  readonly width: string;
  readonly minPx: number;
  readonly numeric?: true;
  readonly cell: (run: TableRun, values: RunValues | undefined) => ReactNode;
};

const OWN: Readonly<Record<string, Omit<Column, "name">>> = {
  status: { head: "Status", width: "138px", minPx: 138, cell: (run) => <Status status={run.status} /> },
  name: {
    head: "Run",
    width: "minmax(220px, 2fr)",
    minPx: 220,
    cell: ({ runId = "", displayName }) => (
      <Link to="/runs/$runId" params={{ runId }} className={classes.name} title={runId} tabIndex={-1}>
        {displayName || runId}
      </Link>
    ),
  },
  run: { head: "Id", width: "minmax(180px, 1fr)", minPx: 180, cell: ({ runId }) => <code>{runId}</code> },
  experiment: {
    head: "Experiment",
    width: "minmax(120px, 1fr)",
    minPx: 120,
    cell: ({ experimentName }) => (
      <Link
        to="/experiments/$experimentName"
        params={{ experimentName }}
        className={classes.aside}
        tabIndex={-1}
      >
        {experimentName}
      </Link>
    ),
  },
  created: {
    head: "Created",
    width: "128px",
    minPx: 128,
    cell: ({ createdUtc }) => <Time at={createdUtc} />,
  },
  started: {
    head: "Started",
    width: "128px",
    minPx: 128,
    cell: ({ startTimeUtc }) => <Time at={startTimeUtc} />,
  },
  ended: { head: "Ended", width: "128px", minPx: 128, cell: ({ endTimeUtc }) => <Time at={endTimeUtc} /> },
  changed: { head: "Changed", width: "128px", minPx: 128, cell: (run) => <Time at={run.lastModifiedUtc} /> },
  duration: {
    head: "Duration",
    width: "108px",
    minPx: 108,
    numeric: true,
    cell: ({ startTimeUtc, endTimeUtc }) => startTimeUtc && <Duration from={startTimeUtc} to={endTimeUtc} />,
  },
  target: { head: "Target", width: "minmax(90px, 0.6fr)", minPx: 90, cell: ({ target }) => target },
  user: {
    head: "User",
    width: "minmax(90px, 0.6fr)",
    minPx: 90,
    cell: ({ createdBy }) => createdBy?.userName,
  },
  script: { head: "Script", width: "minmax(110px, 0.7fr)", minPx: 110, cell: ({ scriptName }) => scriptName },
  tags: {
    head: "Tags",
    width: "minmax(140px, 1fr)",
    minPx: 140,
    cell: ({ tags = {} }) =>
      Object.entries(tags).map(([name, value]) => (
        <span key={name} className={classes.tag}>
          {value === null || value === "" ? name : `${name}: ${value}`}
        </span>
      )),
  },
};

/** Columns that every run has, in the order in which they are offered. */
export const OWN_COLUMNS: readonly { readonly name: string; readonly head: string }[] = Object.entries(
  OWN,
).map(([name, { head }]) => ({ name, head }));

/** The column of that name; undefined for a name that is none. */
export function columnOf(name: string): Column | undefined {
  const own = OWN[name];
  if (own !== undefined) return { name, ...own };
  const [, map, key = ""] = KEYED.exec(name) ?? [];
  if (map === undefined) return undefined;
  const common = { name, head: key, width: "minmax(104px, 0.6fr)", minPx: 104 };
  if (map === "metrics")
    return {
      ...common,
      numeric: true,
      cell: (_run, values) => shownValue(values?.metrics[key]?.value),
    };
  if (map === "params") return { ...common, cell: (_run, values) => values?.params[key] };
  if (map === "tags") return { ...common, cell: ({ tags }) => tags?.[key] };
  return { ...common, cell: ({ properties }) => properties?.[key] };
}
