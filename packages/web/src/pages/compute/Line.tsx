// Who waits, in the order in which they are served. However many there are, only the rows in view are drawn, and fetched as one scrolls.
import type { QueueWaiter } from "@malachite/client";
import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import classes from "./Line.module.css";
import { LineRow } from "./LineRow.tsx";

const ROW_PX = 46;

type Props = {
  readonly rows: readonly QueueWaiter[];
  readonly target: string;
  /** The run whose reasons are shown in full. */
  readonly opened: string | undefined;
  readonly open: (runId: string | undefined) => void;
  readonly cancel: (run: QueueWaiter) => void;
  /** Called when the end of the rows is near. */
  readonly more: () => void;
};

/** Keys: arrows, Home and End go from row to row, Enter opens one. */
export function Line({ rows, target, opened, open, cancel, more }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const [scrollMargin, setMargin] = useState(0);
  const [focused, setFocused] = useState(0);
  const wanted = useRef<number>(undefined);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => document.getElementById("page"),
    estimateSize: () => ROW_PX,
    getItemKey: (index) => rows[index]?.runId ?? index,
    overscan: 8,
    scrollMargin,
    // The row that has the focus stays, wherever one scrolls: a key goes on from it.
    rangeExtractor: (range) => {
      const seen = defaultRangeExtractor(range);
      return focused < rows.length && !seen.includes(focused)
        ? [...seen, focused].sort((a, b) => a - b)
        : seen;
    },
  });
  // What is above grows and shrinks as runs come and go.
  useLayoutEffect(() => {
    const page = document.getElementById("page");
    if (list.current === null || page === null) return;
    const top = list.current.getBoundingClientRect().top - page.getBoundingClientRect().top + page.scrollTop;
    if (Math.abs(top - scrollMargin) >= 1) setMargin(top);
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 20) more();
  }, [last, rows.length, more]);
  useEffect(() => {
    if (wanted.current === undefined) return;
    const button = document.getElementById(`line-${wanted.current}`);
    if (button === null) return;
    wanted.current = undefined;
    button.focus();
  });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: focused + 1,
      ArrowUp: focused - 1,
      Home: 0,
      End: rows.length - 1,
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const next = Math.min(rows.length - 1, Math.max(0, move));
    wanted.current = next;
    setFocused(next);
    virtual.scrollToIndex(next, { align: "auto" });
  };
  return (
    <>
      <div className={classes.head} aria-hidden>
        <span className={classes.number}>#</span>
        <span>Run</span>
        <span className={classes.number}>Priority</span>
        <span>Needs</span>
        <span className={classes.number}>Waiting</span>
        <span>For what</span>
      </div>
      <ol
        ref={list}
        aria-label="The line"
        className={classes.rows}
        style={{ height: virtual.getTotalSize() }}
        onKeyDown={onKeyDown}
      >
        {items.map(({ index, key, start }) => {
          const run = rows[index];
          if (run === undefined) return null;
          return (
            <li
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              aria-setsize={rows.length}
              aria-posinset={index + 1}
              className={classes.row}
              style={{ transform: `translateY(${start - scrollMargin}px)` }}
              onFocus={() => setFocused(index)}
            >
              <LineRow
                run={run}
                index={index}
                target={target}
                isOpen={opened === run.runId}
                toggle={() => open(opened === run.runId ? undefined : run.runId)}
                cancel={() => cancel(run)}
              />
            </li>
          );
        })}
      </ol>
    </>
  );
}
