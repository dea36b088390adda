// The table of runs: rows are drawn only where one looks, however many there are.
import { useNavigate } from "@tanstack/react-router";
import { ArrowDown, ArrowUp } from "lucide-react";
import {
  type KeyboardEvent,
  type MouseEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { Button } from "../../parts/Button.tsx";
import { shownCount } from "../../parts/numbers.ts";
import { rowWindow, scrollTo, scrollToShow } from "../../parts/rowWindow.ts";
import { Status } from "../../parts/Status.tsx";
import { Duration, Time } from "../../parts/Time.tsx";
import type { Column } from "./columns.tsx";
import classes from "./RunTable.module.css";
import type { RunPages } from "./runPages.ts";
import { canSort, type Sort } from "./view.ts";

const ROW_PX = 36;
const NARROW_ROW_PX = 58;
const NARROW_PX = 620;
const SELECT_PX = 36;

export type Selection = ReadonlySet<string>;

type Props = {
  readonly pages: RunPages;
  readonly columns: readonly Column[];
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly selected: Selection;
  readonly onSelect: (selected: Selection) => void;
};

/** Keys: arrows move, Enter opens, space selects, Shift with arrows selects as it goes, Home and End go to the ends. */
export function RunTable({ pages, columns, sort, onSort, selected, onSelect }: Props) {
  useSyncExternalStore(pages.subscribe, () => pages.version);
  const navigate = useNavigate();
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ scrollPx: 0, viewPx: 600, widthPx: 1000 });
  const [active, setActive] = useState(0);
  const exact = useRef<number>(undefined);
  const isNarrow = view.widthPx < NARROW_PX;
  const rowPx = isNarrow ? NARROW_ROW_PX : ROW_PX;
  const space = { count: pages.rows, rowPx, viewPx: view.viewPx };
  const { heightPx, from, to, topPx } = rowWindow(space, view.scrollPx);
  const seenFrom = view.scrollPx === 0 ? 0 : from;

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const measure = () =>
      setView((now) => ({ ...now, viewPx: element.clientHeight, widthPx: element.clientWidth }));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  // Where the scroll bar stands for more than it is high, the wheel still moves by what is seen.
  const perPx = heightPx < space.count * rowPx ? heightPx / (space.count * rowPx) : undefined;
  useEffect(() => {
    const element = scroller.current;
    if (element === null || perPx === undefined) return;
    const onWheel = (event: WheelEvent) => {
      if (event.ctrlKey || event.deltaX !== 0 || event.deltaMode !== WheelEvent.DOM_DELTA_PIXEL) return;
      event.preventDefault();
      exact.current = Math.max(0, (exact.current ?? element.scrollTop) + event.deltaY * perPx);
      element.scrollTop = exact.current;
      setView((now) => ({ ...now, scrollPx: exact.current ?? now.scrollPx }));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [perPx]);
  useLayoutEffect(() => pages.look(seenFrom, Math.max(to, seenFrom + 1)), [pages, seenFrom, to]);

  const goTo = (scrollPx: number) => {
    if (scroller.current) scroller.current.scrollTop = scrollPx;
    setView((now) => ({ ...now, scrollPx }));
  };
  const toTop = () => {
    goTo(0);
    void pages.refresh();
  };
  const toggle = (index: number, isOn?: boolean) => {
    const runId = pages.run(index)?.runId;
    if (runId === undefined) return;
    const next = new Set(selected);
    if (isOn ?? !next.has(runId)) next.add(runId);
    else next.delete(runId);
    onSelect(next);
  };
  const open = (index: number) => {
    const runId = pages.run(index)?.runId;
    if (runId !== undefined) void navigate({ to: "/runs/$runId", params: { runId } });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = Math.max(0, pages.rows - 1);
    const perView = Math.max(1, Math.floor(view.viewPx / rowPx) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      j: active + 1,
      ArrowUp: active - 1,
      k: active - 1,
      PageDown: active + perView,
      PageUp: active - perView,
      Home: 0,
      End: last,
    };
    const target = moves[event.key];
    if (target !== undefined) {
      const next = Math.min(last, Math.max(0, target));
      if (event.shiftKey && event.key.startsWith("Arrow")) toggle(next, true);
      setActive(next);
      goTo(scrollToShow(space, next, view.scrollPx));
    } else if (event.key === "Enter") open(active);
    else if (event.key === " ") toggle(active);
    else if (event.key === "Escape" && selected.size > 0) onSelect(new Set());
    else return;
    event.preventDefault();
  };

  const widths = `${SELECT_PX}px ${columns.map(({ width }) => width).join(" ")}`;
  const minWidth = isNarrow ? undefined : SELECT_PX + columns.reduce((sum, { minPx }) => sum + minPx, 24);
  const shown = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  return (
    <div className={classes.place}>
      {/* A grid is one stop of the Tab key; its rows are told by aria-activedescendant. */}
      <div
        ref={scroller}
        className={classes.scroller}
        role="grid"
        aria-label="Runs"
        aria-rowcount={pages.rows + 1}
        aria-colcount={columns.length + 1}
        aria-multiselectable
        aria-activedescendant={active >= from && active < to ? `run-row-${active}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={(event) => {
          const { scrollTop } = event.currentTarget;
          // The browser rounds; a place between two pixels is kept.
          if (exact.current !== undefined && Math.abs(exact.current - scrollTop) <= 1) return;
          exact.current = undefined;
          setView((now) => ({ ...now, scrollPx: scrollTop }));
        }}
      >
        <div
          role="rowgroup"
          className={isNarrow ? "visually-hidden" : classes.headGroup}
          style={{ minWidth }}
        >
          <div role="row" aria-rowindex={1} className={classes.head} style={{ gridTemplateColumns: widths }}>
            <span role="columnheader">
              <span className="visually-hidden">Selected</span>
            </span>
            {columns.map((column) => (
              <Head key={column.name} column={column} sort={sort} onSort={onSort} />
            ))}
          </div>
        </div>
        <div role="rowgroup" className={classes.rows} style={{ height: heightPx, minWidth }}>
          {shown.map((index) => {
            const run = pages.run(index);
            const runId = run?.runId ?? "";
            const isSelected = selected.has(runId);
            const onClick = (event: MouseEvent) => {
              setActive(index);
              if (event.target instanceof Element && event.target.closest("a, input, label")) return;
              open(index);
            };
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys for its rows
              <div
                key={run?.runId ?? index}
                id={`run-row-${index}`}
                role="row"
                tabIndex={-1}
                aria-rowindex={index + 2}
                aria-selected={isSelected}
                className={`${classes.row} ${index === active ? classes.active : ""} ${isNarrow ? classes.narrow : ""}`}
                style={{
                  transform: `translateY(${topPx + (index - from) * rowPx}px)`,
                  height: rowPx,
                  gridTemplateColumns: isNarrow ? undefined : widths,
                }}
                onClick={onClick}
              >
                <span role="gridcell" className={classes.select}>
                  <input
                    type="checkbox"
                    tabIndex={-1}
                    aria-label={`Select ${run?.displayName ?? runId}`}
                    checked={isSelected}
                    disabled={run === undefined}
                    onChange={() => toggle(index)}
                  />
                </span>
                {run === undefined ? (
                  <span role="gridcell" className={classes.skeleton} aria-label="Loading" />
                ) : isNarrow ? (
                  <NarrowCell run={run} columns={columns} />
                ) : (
                  columns.map(({ name, numeric, cell }) => (
                    <span
                      key={name}
                      role="gridcell"
                      className={`${classes.cell} ${numeric ? classes.numeric : ""}`}
                    >
                      {cell(run, pages.values(runId))}
                    </span>
                  ))
                )}
              </div>
            );
          })}
        </div>
      </div>
      {pages.fresh > 0 && (
        <Button kind="primary" size="small" className={classes.fresh} onClick={toTop}>
          <ArrowUp aria-hidden />
          {shownCount(pages.fresh)} new {pages.fresh === 1 ? "run" : "runs"}
        </Button>
      )}
      {pages.counts !== undefined &&
        pages.counts.count > pages.rows &&
        scrollTo(space, to) >= heightPx - view.viewPx && (
          <p className={classes.beyond} role="note">
            In this order the table ends after {shownCount(pages.rows)} of {shownCount(pages.counts.count)}{" "}
            runs. Narrow it, or sort by the time of creation.
          </p>
        )}
    </div>
  );
}

function Head({
  column: { name, head, numeric },
  sort,
  onSort,
}: {
  readonly column: Column;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}) {
  const isSorted = sort.column === name;
  const order = isSorted ? (sort.descending ? "descending" : "ascending") : "none";
  const className = `${classes.cell} ${numeric ? classes.numeric : ""}`;
  if (!canSort(name))
    return (
      <span role="columnheader" className={className}>
        {head}
      </span>
    );
  return (
    <span role="columnheader" aria-sort={order} className={className}>
      <button
        type="button"
        className={classes.sort}
        title={name}
        onClick={() => onSort({ column: name, descending: isSorted ? !sort.descending : name !== "name" })}
      >
        {head}
        {isSorted && (sort.descending ? <ArrowDown aria-hidden /> : <ArrowUp aria-hidden />)}
      </button>
    </span>
  );
}

/** A row on a telephone: what one looks for first, in two lines. */
function NarrowCell({
  run,
  columns,
}: {
  readonly run: NonNullable<ReturnType<RunPages["run"]>>;
  readonly columns: readonly Column[];
}) {
  const name = columns.find((column) => column.name === "name");
  return (
    <span role="gridcell" className={classes.two}>
      <span className={classes.line}>
        <Status status={run.status} bare />
        {name?.cell(run, undefined) ?? run.displayName ?? run.runId}
      </span>
      <span className={classes.second}>
        <span className={classes.clip}>{run.experimentName}</span>
        <span>
          {run.startTimeUtc && <Duration from={run.startTimeUtc} to={run.endTimeUtc} />}{" "}
          <Time at={run.createdUtc} />
        </span>
      </span>
    </span>
  );
}
