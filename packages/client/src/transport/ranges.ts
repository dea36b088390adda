// A part of a file, as headers ask for it.

export type PartOfFile = {
  readonly offset?: number | undefined;
  readonly count?: number | undefined;
  readonly ifRange?: string | undefined;
};

/** None for the whole file. */
export function rangeHeaders({ offset = 0, count, ifRange }: PartOfFile): Readonly<Record<string, string>> {
  if (offset === 0 && count === undefined) return {};
  const last = count === undefined ? "" : offset + count - 1;
  return { range: `bytes=${offset}-${last}`, ...(ifRange ? { "if-range": ifRange } : {}) };
}
