// The queue of a pool as people see it: who is at work, and the line, with a sentence for each of those who wait. Pure.
import type { RunStatus } from "../run/next.ts";
import type { Instant } from "../scope.ts";
import { type Capacity, fitsInto, type Resource, type Room, serve } from "./line.ts";
import type { Needs } from "./needs.ts";

type Shown = {
  readonly runId: string;
  readonly experimentName: string;
  readonly displayName?: string;
  readonly target: string;
};

/** A run at work. */
export type QueueHolder = Shown & {
  readonly status: RunStatus;
  readonly nodes: number;
  readonly gpus: readonly number[];
  /** When it was taken from the line. */
  readonly since: Instant;
};

/** A run in the line. */
export type QueueWaiter = Shown &
  Needs & {
    /** From 1, over the runs of all workspaces; absent for one that needs more than there is in all. */
    readonly position?: number;
    /** When it was submitted. */
    readonly since: Instant;
    readonly summary: string;
  };

/** The state of the line before a run: what is free and what is kept for those before it. */
export type LineBefore = { readonly room: Room; readonly ahead: number };

/** What a run that comes next in the line waits for, and the line behind it. */
export function lookAt(
  before: LineBefore,
  needs: Needs,
  capacity: Capacity,
): {
  readonly position?: number;
  readonly summary: string;
  readonly starts: boolean;
  readonly after: LineBefore;
} {
  if (!fitsInto(capacity, needs)) {
    const { nodes = needs.nodes, gpus = [] } = capacity;
    const wants = [
      ...(needs.nodes > nodes ? [`${amount(needs.nodes, "node")} of ${nodes}`] : []),
      ...(needs.gpus > gpus.length ? [`${amount(needs.gpus, "GPU")} of ${gpus.length}`] : []),
    ];
    return { summary: `Needs more than there is: ${wants.join(", ")}.`, starts: false, after: before };
  }
  const { lacks, room } = serve(before.room, needs);
  return {
    position: before.ahead + 1,
    summary: lacks.length === 0 ? "About to start." : waitsFor(lacks, needs, before),
    starts: lacks.length === 0,
    after: { room, ahead: before.ahead + 1 },
  };
}

function waitsFor(lacks: readonly Resource[], needs: Needs, { room, ahead }: LineBefore): string {
  const wants = lacks.map((resource) => {
    if (resource === "places") return "a place";
    const free = Math.max(0, room[resource]);
    const [needed, word] = resource === "nodes" ? [needs.nodes, "node"] : [needs.gpus, "GPU"];
    const kept = free >= needed ? ", kept for runs before it" : "";
    return `${amount(needed, word)} (${free} free${kept})`;
  });
  const before = ahead === 0 ? "the next in line" : `${amount(ahead, "run")} before it`;
  return `Waits for ${wants.join(" and ")}; ${before}.`;
}

const amount = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
