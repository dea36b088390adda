// A table of any length: only the rows in view are there. Columns sort by a click on their heads.
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useMemo, useRef, useState } from "react";
import classes from "./DataTable.module.css";
import { sortedRows } from "./sortedRows.ts";

export type Cell = string | number | boolean | null | undefined;
export type DataColumn = {
  readonly name: string;
  readonly cells: readonly Cell[];
  /** Numbers stand on the right. */
  readonly isNumber?: boolean;
  readonly show?: (cell: Cell) => ReactNode;
  /** Of the column, in pixels. */
  readonly width?: number;
};

const ROW_HEIGHT = 27;
const plainText = (cell: Cell): string => (cell === null || cell === undefined ? "" : String(cell));

/** Fills the part that it is in. `label` names it; columns are all of the same length. */
export function DataTable({
  label,
  columns,
}: {
  readonly label: string;
  readonly columns: readonly DataColumn[];
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useState<{ readonly column: string; readonly desc: boolean }>();
  const count = columns[0]?.cells.length ?? 0;
  const order = useMemo(() => {
    const by = columns.find(({ name }) => name === sort?.column);
    return by && sort ? sortedRows(by.cells, sort.desc) : undefined;
  }, [columns, sort]);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  });
  const shown = rows.getVirtualItems();
  const before = shown[0]?.start ?? 0;
  const after = rows.getTotalSize() - (shown.at(-1)?.end ?? 0);
  const next = (column: string) =>
    setSort((now) =>
      now?.column !== column ? { column, desc: false } : now.desc ? undefined : { column, desc: true },
    );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section ref={scroller} className={classes.scroller} tabIndex={0} aria-label={label}>
      <table className={classes.table} aria-rowcount={count + 1}>
        <thead>
          <tr>
            {columns.map(({ name, isNumber, width }) => {
              const isSorted = sort?.column === name;
              const Arrow = isSorted && sort.desc ? ArrowDown : ArrowUp;
              return (
                <th
                  key={name}
                  scope="col"
                  className={isNumber ? classes.number : undefined}
                  style={width === undefined ? undefined : { minWidth: width }}
                  aria-sort={isSorted ? (sort.desc ? "descending" : "ascending") : undefined}
                >
                  <button type="button" onClick={() => next(name)}>
                    <span>{name}</span>
                    <Arrow aria-hidden className={isSorted ? undefined : classes.unsorted} />
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {before > 0 && (
            <tr aria-hidden style={{ height: before }}>
              <td colSpan={columns.length} />
            </tr>
          )}
          {shown.map(({ index }) => {
            const row = order?.[index] ?? index;
            return (
              <tr key={index} aria-rowindex={index + 2} style={{ height: ROW_HEIGHT }}>
                {columns.map(({ name, cells, isNumber, show = plainText }) => (
                  <td key={name} className={isNumber ? classes.number : undefined}>
                    {show(cells[row])}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && (
            <tr aria-hidden style={{ height: after }}>
              <td colSpan={columns.length} />
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}
