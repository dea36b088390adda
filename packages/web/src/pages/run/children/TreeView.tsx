// The runs below a run as a tree: a branch is fetched when it is opened, and drawn only where it is seen.
import type { RunTreeNode } from "@malachite/client";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { shownCount } from "../../../parts/numbers.ts";
import { Status } from "../../../parts/Status.tsx";
import { Duration, Time } from "../../../parts/Time.tsx";
import { useWorkspace } from "../../../service/service.tsx";
import { hasEnded } from "../runQueries.ts";
import classes from "./TreeView.module.css";
import { type TreeRow, treeRows } from "./treeRows.ts";
import { useTree } from "./useTree.ts";

const ROW_PX = 32;
const MOST_PX = 640;

/** Arrows move; right opens a branch and left closes it, Enter goes to the run. */
export function TreeView({ runId }: { readonly runId: string }) {
  const { branches, want } = useTree(useWorkspace(), runId);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => treeRows(runId, open, branches), [runId, open, branches]);
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const wanted = items
    .flatMap(({ index }) => (rows[index]?.kind === "more" ? [rows[index].parent] : []))
    .join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: where a page is not enough, the next one is wanted
  useEffect(() => {
    for (const parent of wanted === "" ? [] : wanted.split("\n")) want(parent);
  }, [wanted, want, branches]);
  const toggle = (id: string) =>
    setOpen((now) => new Set(now.has(id) ? [...now].filter((one) => one !== id) : [...now, id]));
  const go = (to: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, to));
    setAt(next);
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-at="${next}"] a`)?.focus());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[at];
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      go(to);
    } else if (row?.kind === "run" && event.key === "ArrowRight") {
      event.preventDefault();
      if (row.below > 0 && !row.isOpen) toggle(row.node.runId);
      else if (row.isOpen) go(at + 1);
    } else if (row?.kind === "run" && event.key === "ArrowLeft") {
      event.preventDefault();
      if (row.isOpen) toggle(row.node.runId);
      else go(rows.findLastIndex((one, place) => place < at && one.kind === "run" && one.depth < row.depth));
    }
  };
  return (
    <div
      ref={box}
      role="tree"
      aria-label="Runs below this one"
      className={classes.box}
      style={{ maxHeight: MOST_PX }}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div role="none" className={classes.inside} style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          return (
            row !== undefined && (
              <Row
                key={row.kind === "run" ? row.node.runId : `more ${row.parent}`}
                row={row}
                at={index}
                isCurrent={index === at}
                startPx={start}
                toggle={toggle}
                choose={() => setAt(index)}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

function Row({
  row,
  at,
  isCurrent,
  startPx,
  toggle,
  choose,
}: {
  readonly row: TreeRow;
  readonly at: number;
  readonly isCurrent: boolean;
  readonly startPx: number;
  readonly toggle: (id: string) => void;
  readonly choose: () => void;
}) {
  const style = { transform: `translateY(${startPx}px)`, paddingLeft: 12 + Math.min(row.depth, 12) * 20 };
  if (row.kind === "more")
    return (
      <div role="none" className={classes.row} style={style}>
        Loading…
      </div>
    );
  const { node, below, isOpen, depth } = row;
  return (
    <div
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={isCurrent}
      aria-expanded={below > 0 ? isOpen : undefined}
      tabIndex={-1}
      data-at={at}
      className={classes.row}
      style={style}
      onFocus={choose}
    >
      {below > 0 ? (
        <button
          type="button"
          tabIndex={-1}
          className={classes.fold}
          aria-label={`${isOpen ? "Close" : "Open"} ${node.displayName ?? node.runId}`}
          onClick={() => toggle(node.runId)}
        >
          {isOpen ? "▾" : "▸"}
        </button>
      ) : (
        <span className={classes.fold} />
      )}
      <Status status={node.status} bare />
      <Link
        to="/runs/$runId"
        params={{ runId: node.runId }}
        title={node.runId}
        tabIndex={isCurrent ? 0 : -1}
        className={classes.name}
      >
        {node.displayName ?? node.runId}
      </Link>
      {below > 0 && <span className={classes.counts}>{countsText(node)}</span>}
      <span className={classes.time}>
        {node.startTimeUtc ? (
          <Duration
            from={node.startTimeUtc}
            to={node.endTimeUtc ?? (hasEnded(node.status) ? node.startTimeUtc : undefined)}
          />
        ) : (
          <Time at={node.createdUtc} />
        )}
      </span>
    </div>
  );
}

const countsText = ({ children }: RunTreeNode): string =>
  Object.entries(children)
    .map(([status, count]) => `${shownCount(count)} ${status}`)
    .join(", ");
