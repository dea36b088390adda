// Which rows of a very long list are seen. Browsers draw no element higher than some ten million pixels, so beyond that the scroll bar
// stands for more than it is high.

/** Safe in every browser. */
const HIGHEST_PX = 8_000_000;

export type RowWindow = {
  /** The height of what scrolls. */
  readonly heightPx: number;
  /** Rows `from` up to but not including `to` are drawn. */
  readonly from: number;
  readonly to: number;
  /** Where row `from` begins, from the top of what scrolls. */
  readonly topPx: number;
};
export type RowSpace = { readonly count: number; readonly rowPx: number; readonly viewPx: number };

const OVERSCAN = 6;

/** `scrollPx` is how far it is scrolled. */
export function rowWindow({ count, rowPx, viewPx }: RowSpace, scrollPx: number): RowWindow {
  const heightPx = Math.min(count * rowPx, HIGHEST_PX);
  const firstRow = rowAt({ count, rowPx, viewPx }, scrollPx);
  const from = Math.max(0, Math.floor(firstRow) - OVERSCAN);
  const to = Math.min(count, Math.ceil(firstRow + viewPx / rowPx) + OVERSCAN);
  return { heightPx, from, to, topPx: scrollPx - (firstRow - from) * rowPx };
}

/** The row, with its fraction, at the top of the view. */
export function rowAt({ count, rowPx, viewPx }: RowSpace, scrollPx: number): number {
  const scrollable = Math.min(count * rowPx, HIGHEST_PX) - viewPx;
  if (scrollable <= 0) return 0;
  const share = Math.min(1, Math.max(0, scrollPx / scrollable));
  return (share * (count * rowPx - viewPx)) / rowPx;
}

/** How far to scroll for a row, with its fraction, to be at the top of the view. */
export function scrollTo({ count, rowPx, viewPx }: RowSpace, row: number): number {
  const all = count * rowPx - viewPx;
  if (all <= 0) return 0;
  const scrollable = Math.min(count * rowPx, HIGHEST_PX) - viewPx;
  return (Math.min(all, Math.max(0, row * rowPx)) / all) * scrollable;
}

/** How far to scroll so that a row is seen whole; as it is when it is. */
export function scrollToShow(space: RowSpace, row: number, scrollPx: number): number {
  const first = rowAt(space, scrollPx);
  const rows = space.viewPx / space.rowPx;
  if (row < first) return scrollTo(space, row);
  if (row + 1 > first + rows) return scrollTo(space, row + 1 - rows);
  return scrollPx;
}
