// Where a waiting run stands in its line, and in words what it waits for: every resource it lacks, who holds it, who is before it.
import type { malachite } from "@malachite/contract";
import { type Scope, workspaceKey } from "../scope.ts";
import type { Capacity, Held, Resource } from "./line.ts";
import type { Needs } from "./needs.ts";
import { type QuotaLack, quotaWaitText } from "./shares.ts";

/** An unfinished run that was claimed, and what it has taken besides its place. */
export type Holder = Held & {
  readonly scope: Scope;
  readonly runId: string;
  /** The machine that it is bound to; absent where its target is the same for all servers. */
  readonly machine?: string;
};

/** All read in the same instant. */
export type Standing = {
  readonly needs: Needs;
  /** False: it needs more than the pool has in all. */
  readonly fits: boolean;
  /** What it lacks by the rule of the line (`serve`); nothing: the next claim takes it. */
  readonly lacks: readonly Resource[];
  /** Quotas of its owner that keep it waiting; absent for none. */
  readonly quotas?: readonly QuotaLack[];
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

/** Who holds what a run waits for: runs of its own workspace by name, those of others as a number. */
type Holders = { readonly own: readonly string[]; readonly elsewhere: number };

/**
 * One constraint for each resource that the run lacks, and one for those before it that want the same. When all that are named
 * have gone, it starts. None for a run that the next claim takes. `scope` is whose run it is: of other workspaces no run is named.
 */
export function unmet(standing: Standing, capacity: Capacity, scope: Scope): Constraint[] {
  const { needs, fits, lacks, quotas = [], ahead, aheadForGpus } = standing;
  if (!fits) {
    const { nodes = needs.nodes, gpus = [] } = capacity;
    const has = [
      needs.nodes > nodes ? `${counted(needs.nodes, "node")}, and there are ${nodes}` : "",
      needs.gpus > gpus.length ? `${counted(needs.gpus, "GPU")}, and there are ${gpus.length}` : "",
    ];
    return [{ code: "outOfReach", message: `It needs ${has.filter(Boolean).join("; ")} in all.` }];
  }
  const found = quotas.map(
    (quota): Constraint => ({
      code: "quotaReached",
      message: quotaWaitText(quota),
      resource: quota.name,
      needed: quota.needed,
      free: Math.max(0, quota.most - quota.used),
    }),
  );
  // Those at its own quota wait for their own runs, whatever the target has free.
  if (found.length > 0) return found;
  found.push(...lacks.map((resource) => lackOf(resource, standing, capacity, scope)));
  // Every run takes a place and a node, so all before it are in its way; for GPUs only those that need some.
  const before = lacks.some((one) => one !== "gpus") ? ahead : lacks.length > 0 ? aheadForGpus : 0;
  if (before > 0) {
    const message = `${before} ${before === 1 ? "run is" : "runs are"} served before it.`;
    found.push({ code: "behindOthers", message, ahead: before });
  }
  return found;
}

function lackOf(
  resource: Resource,
  { needs, free, holders }: Standing,
  capacity: Capacity,
  scope: Scope,
): Constraint {
  const all = { places: capacity.places, nodes: capacity.nodes ?? 0, gpus: capacity.gpus?.length ?? 0 };
  const needed = { places: 1, nodes: needs.nodes, gpus: needs.gpus }[resource];
  const left = free[resource] ?? 0;
  const holding = holders.filter(({ gpus }) => resource !== "gpus" || gpus.length > 0);
  const heldBy = holding
    .filter((holder) => workspaceKey(holder.scope) === workspaceKey(scope))
    .map(({ runId }) => runId);
  const by: Holders = { own: heldBy, elsewhere: holding.length - heldBy.length };
  const message =
    resource === "places"
      ? placesText(all.places, left, by)
      : amountText(resource === "nodes" ? "node" : "GPU", { all: all[resource], needed, left }, by);
  return {
    code: "limitReached",
    message,
    resource,
    needed,
    free: left,
    heldBy,
    ...(by.elsewhere > 0 ? { heldElsewhere: by.elsewhere } : {}),
  };
}

function placesText(places: number, left: number, by: Holders): string {
  const all = places === 1 ? "The one place" : `All ${places} places`;
  const verb = places === 1 ? "is" : "are";
  if (left === 0) return `${all} for runs ${verb} taken by ${named(by)}.`;
  return `Of ${counted(places, "place")} for runs ${left} ${left === 1 ? "is" : "are"} free, for runs before it.`;
}

function amountText(
  word: string,
  { all, needed, left }: { all: number; needed: number; left: number },
  by: Holders,
): string {
  const kept = left >= needed ? ", for runs before it" : "";
  const holders = by.own.length + by.elsewhere === 0 ? "" : `; the others are held by ${named(by)}`;
  return `It needs ${counted(needed, word)}; of ${all} ${left} ${left === 1 ? "is" : "are"} free${kept}${holders}.`;
}

function named({ own, elsewhere }: Holders): string {
  const more = own.length > NAMED ? ` and ${own.length - NAMED} more` : "";
  const names = own.slice(0, NAMED).join(", ") + more;
  if (elsewhere === 0) return names;
  return `${names === "" ? "" : `${names} and `}${counted(elsewhere, "run")} of other workspaces`;
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
