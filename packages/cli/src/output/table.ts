// Plain tables: aligned columns, cut to the width of the terminal, nothing cut in files and pipes.
import { printable, printableLines } from "./printable.ts";

/** A column: its heading, and whether it may lose text when the terminal is too narrow. */
export type Column = { readonly head: string; readonly shrinks?: boolean };

const GAP = "  ";
const LEAST = 8;

/** The table as text with a line end. Cells of a row are in the order of the columns. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): string {
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => row.map(inOneLine))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  if (width !== undefined) shrink(columns, widths, width);
  return cells
    .map((row) =>
      `${row.map((cell, i) => fit(cell, widths[i] ?? 0).padEnd(widths[i] ?? 0)).join(GAP)}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const total = () => widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1));
  while (total() > width) {
    const widest = columns
      .map((column, i) => (column.shrinks ? i : -1))
      .filter((i) => i >= 0 && (widths[i] ?? 0) > LEAST)
      .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

const inOneLine = (cell: string): string => printable(cell.replaceAll("\n", " "));

const fit = (cell: string, width: number): string =>
  cell.length <= width ? cell : `${cell.slice(0, Math.max(0, width - 1))}…`;

/** Names and values under each other, without those that have no value. */
export function facts(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = pairs.filter(
    (pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== "",
  );
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${printableLines(value, width + 2)}\n`)
    .join("");
}
