// The runs of the plot as a table, those that are in; drawn only where it is seen.
import type { RunPoint } from "@malachite/client";
import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { shownCount, shownValue } from "../../../parts/numbers.ts";
import { Status } from "../../../parts/Status.tsx";
import { Time } from "../../../parts/Time.tsx";
import { type Column, cellOf, type Value } from "./axes.ts";
import classes from "./PointTable.module.css";

const ROW_PX = 30;
const MOST_PX = 520;
type Sort = { readonly id: string; readonly descending: boolean };

/** `point` is told the row under the pointer or the keyboard, as a place in `points`. */
export function PointTable({
  points,
  isIn,
  columns,
  point,
}: {
  readonly points: readonly RunPoint[];
  readonly isIn: Uint8Array;
  readonly columns: readonly Column[];
  readonly point: (at: number | undefined) => void;
}) {
  const [sort, setSort] = useState<Sort>();
  const [at, setAt] = useState<number>();
  const rows = useMemo(() => sortedRows(points, isIn, columns, sort), [points, isIn, columns, sort]);
  const box = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows begin at the top
  useEffect(() => {
    setAt(undefined);
    box.current?.scrollTo({ top: 0 });
  }, [isIn, sort]);
  const go = (to: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, to));
    setAt(next);
    point(rows[next]);
    virtual.scrollToIndex(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.floor(MOST_PX / ROW_PX) - 2;
    const from = at ?? -1;
    const to = {
      ArrowDown: from + 1,
      ArrowUp: from - 1,
      PageDown: from + page,
      PageUp: from - page,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    const run = at === undefined ? undefined : points[rows[at] ?? -1];
    if (to !== undefined && rows.length > 0) {
      event.preventDefault();
      go(to);
    } else if (event.key === "Enter" && event.target === box.current && run)
      void navigate({ to: "/runs/$runId", params: { runId: run.runId } });
  };
  const template = `minmax(170px, 2fr) ${columns.map(() => "minmax(92px, 1fr)").join(" ")} 110px`;
  const head = (id: string, label: string, isNumber: boolean) => {
    const mine = sort?.id === id ? sort : undefined;
    return (
      <div
        key={id}
        role="columnheader"
        aria-sort={mine === undefined ? "none" : mine.descending ? "descending" : "ascending"}
        className={isNumber ? classes.number : undefined}
      >
        <button
          type="button"
          title={label}
          onClick={() => setSort({ id, descending: mine === undefined ? isNumber : !mine.descending })}
        >
          {label}
          {mine !== undefined && <span aria-hidden>{mine.descending ? " ↓" : " ↑"}</span>}
        </button>
      </div>
    );
  };
  return (
    <div className={classes.table}>
      <p className={classes.count} role="status">
        {rows.length === points.length
          ? `${shownCount(points.length)} runs`
          : `${shownCount(rows.length)} of ${shownCount(points.length)} runs are within the chosen parts`}
      </p>
      <div
        ref={box}
        role="table"
        aria-label="Child runs"
        aria-rowcount={rows.length + 1}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows move in it
        tabIndex={0}
        className={classes.box}
        style={{ maxHeight: MOST_PX }}
        onKeyDown={onKeyDown}
        onPointerLeave={() => point(undefined)}
      >
        <div role="rowgroup" className={classes.head}>
          <div role="row" className={classes.row} style={{ gridTemplateColumns: template }}>
            {head("name", "Run", false)}
            {columns.map(({ id, name }) => head(id, name, true))}
            {head("created", "Created", true)}
          </div>
        </div>
        <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const place = rows[index] ?? -1;
            const run = points[place];
            return (
              run !== undefined && (
                <div
                  key={run.runId}
                  role="row"
                  aria-rowindex={index + 2}
                  aria-current={index === at || undefined}
                  className={`${classes.row} ${classes.placed} ${index === at ? classes.current : ""}`}
                  style={{ gridTemplateColumns: template, transform: `translateY(${start}px)` }}
                  onPointerEnter={() => point(place)}
                >
                  <div role="cell" className={classes.name}>
                    <Status status={run.status} bare />
                    <Link to="/runs/$runId" params={{ runId: run.runId }} title={run.runId}>
                      {run.displayName ?? run.runId}
                    </Link>
                  </div>
                  {columns.map((column) => (
                    <div role="cell" key={column.id} className={classes.number}>
                      <ValueText value={cellOf(run, column)} />
                    </div>
                  ))}
                  <div role="cell" className={classes.number}>
                    <Time at={run.createdUtc} />
                  </div>
                </div>
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}

function ValueText({ value }: { readonly value: Value }) {
  const text = typeof value === "number" ? shownValue(value) : (value ?? "–");
  return <span title={value === undefined ? undefined : String(value)}>{text}</span>;
}

/** Places of the runs that are in, in order. Runs without a value come last. */
export function sortedRows(
  points: readonly RunPoint[],
  isIn: Uint8Array,
  columns: readonly Column[],
  sort: Sort | undefined,
): number[] {
  const rows: number[] = [];
  for (let at = 0; at < points.length; at++) if (isIn[at] !== 0) rows.push(at);
  if (sort === undefined) return rows;
  const column = columns.find(({ id }) => id === sort.id);
  const keys = points.map((point): Value => {
    if (column !== undefined) return cellOf(point, column);
    return sort.id === "created" ? Date.parse(point.createdUtc) : (point.displayName ?? point.runId);
  });
  const sign = sort.descending ? -1 : 1;
  return rows.sort((a, b) => {
    const [left, right] = [keys[a], keys[b]];
    if (left === undefined || right === undefined)
      return Number(left === undefined) - Number(right === undefined);
    const [x, y] = [Number(left), Number(right)];
    if (Number.isNaN(x) || Number.isNaN(y) || left === "" || right === "")
      return sign * String(left).localeCompare(String(right), undefined, { numeric: true });
    return sign * (x - y);
  });
}
