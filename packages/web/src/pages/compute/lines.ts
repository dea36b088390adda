// Which targets share a line. Pure.
import type { ComputeTarget, TargetQueue } from "@malachite/client";

/** Targets whose runs take of the same, and how their line stands; without one it could not be read. */
export type SharedLine = {
  readonly targets: readonly ComputeTarget[];
  readonly queue?: TargetQueue;
  readonly error?: unknown;
};

type Read = { readonly queue?: TargetQueue; readonly error?: unknown };

/** In the order of the settings; `read` is what was read of the line of each target, in the same order. */
export function sharedLines(targets: readonly ComputeTarget[], read: readonly Read[]): readonly SharedLine[] {
  const byName = new Map(targets.map((target, at) => [target.name, { target, ...read[at] }]));
  const seen = new Set<string>();
  const lines: SharedLine[] = [];
  for (const { target, queue, error } of byName.values()) {
    if (seen.has(target.name)) continue;
    const names = new Set([target.name, ...(queue?.sharedWith ?? [])]);
    for (const name of names) seen.add(name);
    lines.push({
      targets: targets.filter(({ name }) => names.has(name)),
      ...(queue === undefined ? {} : { queue }),
      ...(error === undefined || error === null ? {} : { error }),
    });
  }
  return lines;
}
