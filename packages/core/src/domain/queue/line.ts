// The rule by which waiting runs are served, and the one place where it stands: claims follow it, and `why` explains it. Pure.
import type { Needs } from "./needs.ts";

/** What the runs of a pool share. */
export type Capacity = {
  /** Runs at work at the same time. */
  readonly places: number;
  /** Nodes of all runs together; absent where nobody counts them. */
  readonly nodes?: number;
  /** The GPUs that the pool's runs may have, by number; absent where nobody counts them, and runs see what they see. */
  readonly gpus?: readonly number[];
  /** The numbers in `gpus` only count: which GPU a run gets is told by the engine that launches it. */
  readonly gpusByEngine?: true;
  /** Each machine has all of this to itself, and this is which one is asked about; absent where all servers share one engine. */
  readonly machine?: string;
};

export type Resource = "places" | "nodes" | "gpus";

/** What is free, and what of it is kept for runs that were passed. */
export type Room = {
  readonly places: number;
  readonly nodes: number;
  readonly gpus: number;
  /** Nobody further behind may take of these. */
  readonly closed: ReadonlySet<Resource>;
};

/** What a run at work has taken. */
export type Held = Pick<Needs, "nodes"> & { readonly gpus: readonly number[] };

/** The numbers that no run at work has, in order. */
export function freeGpus({ gpus = [] }: Capacity, holders: readonly Pick<Held, "gpus">[]): readonly number[] {
  const held = new Set(holders.flatMap((one) => one.gpus));
  return gpus.filter((gpu) => !held.has(gpu)).toSorted((a, b) => a - b);
}

/** What is free in a pool with these runs at work. Negative where a pool was made smaller meanwhile. */
export const roomOf = (capacity: Capacity, holders: readonly Held[]): Room => ({
  places: capacity.places - holders.length,
  nodes: (capacity.nodes ?? Number.POSITIVE_INFINITY) - holders.reduce((sum, { nodes }) => sum + nodes, 0),
  gpus: freeGpus(capacity, holders).length,
  closed: new Set(),
});

/** A run that needs more than there is in all waits for no other: it is left out of the line until the pool is larger. */
export const fitsInto = (
  { nodes = Number.POSITIVE_INFINITY, gpus = [] }: Capacity,
  needs: Pick<Needs, "nodes" | "gpus">,
): boolean => needs.nodes <= nodes && needs.gpus <= gpus.length;

/**
 * The next run of the line, in the order of priority and then of submission. It starts when all that it needs is free and not
 * kept for one before it. If it does not start, what it lacks is kept for it: nobody behind takes of that, so it is not
 * starved; what it does not lack others may take, so no place stays empty because of a run that waits for a GPU.
 * Every run takes a place, and a node where nodes are counted: once one of these is kept, the line ends.
 */
export function serve(
  room: Room,
  needs: Needs,
): { readonly lacks: readonly Resource[]; readonly room: Room } {
  const wants = { places: 1, nodes: needs.nodes, gpus: needs.gpus };
  const lacks = (Object.keys(wants) as Resource[]).filter(
    (one) => wants[one] > 0 && (room.closed.has(one) || room[one] < wants[one]),
  );
  if (lacks.length > 0) return { lacks, room: { ...room, closed: new Set([...room.closed, ...lacks]) } };
  return {
    lacks,
    room: {
      ...room,
      places: room.places - 1,
      nodes: room.nodes - needs.nodes,
      gpus: room.gpus - needs.gpus,
    },
  };
}

/** Nobody further behind can start, whatever it needs. */
export const isFull = ({ closed }: Room): boolean => closed.has("places") || closed.has("nodes");
