// In which order rows stand by the cells of one column. Pure.

type Cell = string | number | boolean | null | undefined;
const order = new Intl.Collator("en", { numeric: true });

/** Numbers of rows. What is missing and NaN come last in both directions; equal cells keep their order. */
export function sortedRows(cells: readonly Cell[], desc: boolean): readonly number[] {
  const rows = cells.map((_, row) => row);
  const sign = desc ? -1 : 1;
  return rows.sort((a, b) => {
    const [x, y] = [cells[a], cells[b]];
    if (isLast(x) || isLast(y)) return Number(isLast(x)) - Number(isLast(y)) || a - b;
    const by =
      typeof x === "number" && typeof y === "number" ? x - y || 0 : order.compare(String(x), String(y));
    return sign * by || a - b;
  });
}

const isLast = (cell: Cell): boolean => cell === null || cell === undefined || Number.isNaN(cell);
