// Where a waiting run stands in its line, and in words what it waits for: every resource it lacks, who holds it, who is before it.
import type { malachite } from "@malachite/contract";
import type { Scope } from "../scope.ts";
import type { Capacity, Held, Resource } from "./line.ts";
import type { Needs } from "./needs.ts";

/** An unfinished run that was claimed, and what it has taken besides its place. */
export type Holder = Held & { readonly scope: Scope; readonly runId: string };

/** All read in the same instant. */
export type Standing = {
  readonly needs: Needs;
  /** False: it needs more than the pool has in all. */
  readonly fits: boolean;
  /** What it lacks by the rule of the line (`serve`); nothing: the next claim takes it. */
  readonly lacks: readonly Resource[];
  /** What no run at work has taken; nodes are absent where nobody counts them. */
  readonly free: { readonly places: number; readonly nodes?: number; readonly gpus: number };
  readonly holders: readonly Holder[];
  /** Waiting runs that are served before it, and those of them that need GPUs. */
  readonly ahead: number;
  readonly aheadForGpus: number;
};

type Constraint = malachite.Constraint;

/** So many ids stand in a text; `heldBy` has all of them. */
const NAMED = 5;

/**
 * One constraint for each resource that the run lacks, and one for those before it that want the same. When all that are named
 * have gone, it starts. None for a run that the next claim takes.
 */
export function unmet(standing: Standing, capacity: Capacity): Constraint[] {
  const { needs, fits, lacks, ahead, aheadForGpus } = standing;
  if (!fits) {
    const { nodes = needs.nodes, gpus = [] } = capacity;
    const has = [
      needs.nodes > nodes ? `${counted(needs.nodes, "node")}, and there are ${nodes}` : "",
      needs.gpus > gpus.length ? `${counted(needs.gpus, "GPU")}, and there are ${gpus.length}` : "",
    ];
    return [{ code: "outOfReach", message: `It needs ${has.filter(Boolean).join("; ")} in all.` }];
  }
  const found = lacks.map((resource) => lackOf(resource, standing, capacity));
  // Every run takes a place and a node, so all before it are in its way; for GPUs only those that need some.
  const before = lacks.some((one) => one !== "gpus") ? ahead : lacks.length > 0 ? aheadForGpus : 0;
  if (before > 0) {
    const message = `${before} ${before === 1 ? "run is" : "runs are"} served before it.`;
    found.push({ code: "behindOthers", message, ahead: before });
  }
  return found;
}

function lackOf(resource: Resource, { needs, free, holders }: Standing, capacity: Capacity): Constraint {
  const all = { places: capacity.places, nodes: capacity.nodes ?? 0, gpus: capacity.gpus?.length ?? 0 };
  const needed = { places: 1, nodes: needs.nodes, gpus: needs.gpus }[resource];
  const left = free[resource] ?? 0;
  const heldBy = holders
    .filter(({ gpus }) => resource !== "gpus" || gpus.length > 0)
    .map(({ runId }) => runId);
  const message =
    resource === "places"
      ? placesText(all.places, left, heldBy)
      : amountText(resource === "nodes" ? "node" : "GPU", { all: all[resource], needed, left }, heldBy);
  return { code: "limitReached", message, resource, needed, free: left, heldBy };
}

function placesText(places: number, left: number, heldBy: readonly string[]): string {
  const all = places === 1 ? "The one place" : `All ${places} places`;
  const verb = places === 1 ? "is" : "are";
  if (left === 0) return `${all} for runs on this machine ${verb} taken by ${named(heldBy)}.`;
  return `Of ${counted(places, "place")} for runs on this machine ${left} ${left === 1 ? "is" : "are"} free, for runs before it.`;
}

function amountText(
  word: string,
  { all, needed, left }: { all: number; needed: number; left: number },
  heldBy: readonly string[],
): string {
  const kept = left >= needed ? ", for runs before it" : "";
  const holders = heldBy.length === 0 ? "" : `; the others are held by ${named(heldBy)}`;
  return `It needs ${counted(needed, word)}; of ${all} ${left} ${left === 1 ? "is" : "are"} free${kept}${holders}.`;
}

const named = (ids: readonly string[]): string =>
  ids.slice(0, NAMED).join(", ") + (ids.length > NAMED ? ` and ${ids.length - NAMED} more` : "");

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
