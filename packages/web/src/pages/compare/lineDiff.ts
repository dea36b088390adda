// Two texts line by line: what is the same, what went and what came. Pure.
import { diffArrays } from "diff";

export type DiffLine = {
  readonly kind: "same" | "left" | "right";
  /** Numbers of the line on each side, from 1. */
  readonly left?: number;
  readonly right?: number;
  readonly text: string;
};
/** Lines, and how many that are the same on both sides are left out between them. */
export type DiffPart = { readonly hidden: number } | { readonly lines: readonly DiffLine[] };

/** Longer than this, looking stops and all of it counts as changed. */
const MOST_MS = 400;

/** All lines of both. `isWhole` is false where they are so different that it would take too long to say in what. */
export function diffOf(
  left: string,
  right: string,
): { readonly lines: readonly DiffLine[]; readonly isWhole: boolean } {
  const [a, b] = [linesOf(left), linesOf(right)];
  const changes = diffArrays(a, b, { timeout: MOST_MS }) as
    | { readonly value: string[]; readonly added?: boolean; readonly removed?: boolean }[]
    | undefined;
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  for (const { value, added, removed } of changes ?? [
    { value: a, removed: true },
    { value: b, added: true },
  ])
    for (const text of value) {
      if (added) lines.push({ kind: "right", right: ++j, text });
      else if (removed) lines.push({ kind: "left", left: ++i, text });
      else lines.push({ kind: "same", left: ++i, right: ++j, text });
    }
  return { lines, isWhole: changes !== undefined };
}

/** Windows' line ends are no difference; the last line end makes no line of its own. */
const linesOf = (text: string): string[] => {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
};

/** Puts away what is the same but for some lines around each change. */
export function folded(lines: readonly DiffLine[], context = 3): readonly DiffPart[] {
  const near = new Uint8Array(lines.length);
  for (const [i, { kind }] of lines.entries())
    if (kind !== "same") near.fill(1, Math.max(0, i - context), i + context + 1);
  const parts: DiffPart[] = [];
  for (let i = 0; i < lines.length; ) {
    let end = i;
    while (end < lines.length && near[end] === near[i]) end += 1;
    parts.push(near[i] ? { lines: lines.slice(i, end) } : { hidden: end - i });
    i = end;
  }
  return parts;
}

/** How many lines went and came. */
export const countChanges = (
  lines: readonly DiffLine[],
): { readonly left: number; readonly right: number } => ({
  left: lines.filter(({ kind }) => kind === "left").length,
  right: lines.filter(({ kind }) => kind === "right").length,
});
