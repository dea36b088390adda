// What a line has, and who has it, as pictures and numbers need it. Pure.
import type { QueueHolder, TargetQueue } from "@malachite/client";

/** How much of one thing is taken: by runs of this workspace, by those of others, of all. */
export type Share = {
  readonly label: "Places" | "Nodes" | "GPUs";
  readonly own: number;
  readonly elsewhere: number;
  readonly all: number;
};

/** Places always; nodes and GPUs where somebody counts them. More than all can be taken once the settings have become smaller. */
export function sharesOf({ capacity, free, holders, elsewhere }: TargetQueue): readonly Share[] {
  const share = (
    label: Share["label"],
    all: number | undefined,
    left: number | undefined,
    named: number,
    others: number,
  ): Share[] => {
    if (all === undefined || left === undefined) return [];
    // Only so many holders are named; what they have is missing from what is free all the same.
    const taken = Math.max(all - left, named + others);
    return [{ label, own: taken - others, elsewhere: others, all }];
  };
  const nodes = holders.reduce((sum, holder) => sum + holder.nodes, 0);
  const gpus = gpuCells({ capacity, free, holders, elsewhere });
  return [
    ...share("Places", capacity.places, free.places, holders.length, elsewhere.holders),
    ...share("Nodes", capacity.nodes, free.nodes, nodes, elsewhere.nodes),
    ...(capacity.gpus === undefined || capacity.gpus.length === 0
      ? []
      : [
          {
            label: "GPUs" as const,
            own: gpus.filter(({ holder }) => holder !== undefined).length,
            elsewhere: gpus.filter(({ isFree, holder }) => !isFree && holder === undefined).length,
            all: capacity.gpus.length,
          },
        ]),
  ];
}

/** A GPU by its number. Held without a holder: by a run of another workspace. */
export type GpuCell = {
  readonly gpu: number;
  readonly isFree: boolean;
  readonly holder?: QueueHolder;
  /** A run still has it, but the settings name it no more. */
  readonly isLeft?: true;
};

/** Every GPU in the order of the numbers. */
export function gpuCells({
  capacity,
  free,
  holders,
}: Pick<TargetQueue, "capacity" | "free" | "holders" | "elsewhere">): readonly GpuCell[] {
  const all = new Set(capacity.gpus ?? []);
  const unheld = new Set(free.gpus ?? []);
  const holderOf = new Map(holders.flatMap((holder) => holder.gpus.map((gpu) => [gpu, holder] as const)));
  return [...new Set([...all, ...holderOf.keys()])]
    .sort((a, b) => a - b)
    .map((gpu) => {
      const holder = holderOf.get(gpu);
      return {
        gpu,
        isFree: holder === undefined && unheld.has(gpu),
        ...(holder === undefined ? {} : { holder }),
        ...(all.has(gpu) ? {} : { isLeft: true as const }),
      };
    });
}

/** The same where the numbers are those of GPUs; none where they only count. */
export const numberedGpus = (queue: Parameters<typeof gpuCells>[0]): readonly GpuCell[] =>
  queue.capacity.gpusByEngine ? [] : gpuCells(queue);

/** The GPUs of a run: `GPU 0–3`, or `4 GPUs` where the numbers only count. */
export const shownGpus = (gpus: readonly number[], { gpusByEngine }: TargetQueue["capacity"]): string =>
  gpusByEngine ? counted(gpus.length, "GPU") : `GPU ${shownNumbers(gpus)}`;

/** Numbers with runs of neighbours joined: `0–3, 6`. */
export function shownNumbers(numbers: readonly number[]): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const spans: [number, number][] = [];
  for (const one of sorted) {
    const last = spans.at(-1);
    if (last !== undefined && one === last[1] + 1) last[1] = one;
    else spans.push([one, one]);
  }
  return spans
    .map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from}, ${to}` : `${from}–${to}`))
    .join(", ");
}

/** A count with its word: `1 node`, `3 nodes`. */
export const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** What a waiting run needs besides its place. */
export function shownNeeds({ nodes, gpus }: { readonly nodes: number; readonly gpus: number }): string {
  const parts = [...(nodes > 1 ? [counted(nodes, "node")] : []), ...(gpus > 0 ? [counted(gpus, "GPU")] : [])];
  return parts.length === 0 ? "a place" : parts.join(", ");
}

/** What runs of other workspaces have and want; undefined when there are none. */
export function shownElsewhere({
  capacity,
  elsewhere,
}: Pick<TargetQueue, "capacity" | "elsewhere">): string | undefined {
  const { holders, gpus, waiting } = elsewhere;
  const held = gpus.length === 0 ? "" : ` with ${shownGpus(gpus, capacity)}`;
  const parts = [
    ...(holders > 0 ? [`${counted(holders, "run")} at work${held}`] : []),
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
  ];
  return parts.length === 0 ? undefined : `In other workspaces: ${parts.join(", ")}.`;
}
