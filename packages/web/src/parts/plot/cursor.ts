// Where on its axis one points into a plot. Changes with every move, so it is no state of a part: readouts listen.
import { useState, useSyncExternalStore } from "react";

export type PlotCursor = {
  /** The place; undefined when nothing is pointed at. */
  readonly get: () => number | undefined;
  readonly set: (at: number | undefined) => void;
  readonly listen: (changed: () => void) => () => void;
};

export function newCursor(): PlotCursor {
  let at: number | undefined;
  const listeners = new Set<() => void>();
  return {
    get: () => at,
    set: (next) => {
      if (next === at) return;
      at = next;
      for (const changed of listeners) changed();
    },
    listen: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}

/** A cursor for as long as the part is shown. */
export const useCursor = (): PlotCursor => useState(newCursor)[0];
/** Where it is now. */
export const useCursorPlace = (cursor: PlotCursor): number | undefined =>
  useSyncExternalStore(cursor.listen, cursor.get);
