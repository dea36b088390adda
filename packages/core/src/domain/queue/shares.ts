// What the quotas leave to the owners of waiting runs: who is at its quota is passed, and nobody else waits for it. Pure but for its own count.
import type { Needs } from "./needs.ts";
import { type Quotas, SHARED, type Shared, sharedAmount } from "./quotas.ts";

/** Whose a run is, as the records number it. */
export type Owner = { readonly workspace: number; readonly user: string };
/** What the runs at work of one owner have together. */
export type Used = Owner & { readonly runningRuns: number; readonly nodes: number; readonly gpus: number };

/** A quota that keeps a run waiting. */
export type QuotaLack = {
  readonly of: keyof Quotas;
  readonly name: Shared;
  readonly most: number;
  readonly needed: number;
  /** What runs at work have of it. */
  readonly used: number;
};

/** Owners none of whose runs can start, or none with GPUs. A workspace alone is all of its users. */
export type ClosedOwner = { readonly workspace: number; readonly user?: string; readonly onlyGpus: boolean };

type Share = {
  readonly of: keyof Quotas;
  readonly owner: ClosedOwner;
  readonly used: Record<Shared, number>;
  readonly closed: Set<Shared>;
};

const KINDS = ["workspace", "user"] as const;

/** What a run takes of its owner's quotas. */
export const wantsOf = ({ nodes, gpus, engineGpus = 0 }: Needs): Record<Shared, number> => ({
  runningRuns: 1,
  nodes,
  gpus: gpus + engineGpus,
});

/** True where a quota says how much may be at work at once. */
export const hasShares = (quotas: Quotas): boolean =>
  KINDS.some((of) => SHARED.some((name) => quotas[of]?.[name] !== undefined));

/** The least that any quota lets an owner have at once: a run that needs more is not looked at. */
export const mostOf = (quotas: Quotas, name: Shared): number =>
  Math.min(...KINDS.map((of) => quotas[of]?.[name] ?? Number.MAX_SAFE_INTEGER));

/** The shares while the line is walked once, in its order. */
export class Shares {
  readonly #quotas: Quotas;
  readonly #shares = new Map<string, Share>();

  constructor(quotas: Quotas, used: Iterable<Used>) {
    this.#quotas = quotas;
    for (const one of used)
      for (const share of this.#of(one)) for (const name of SHARED) share.used[name] += Number(one[name]);
  }

  /** The quotas that keep the run waiting now; none: `take` may follow. */
  lacks(owner: Owner, needs: Needs): readonly QuotaLack[] {
    const wants = wantsOf(needs);
    return this.#of(owner).flatMap(({ of, used, closed }) =>
      SHARED.flatMap((name) => {
        const most = this.#quotas[of]?.[name];
        if (most === undefined || wants[name] === 0) return [];
        if (!closed.has(name) && used[name] + wants[name] <= most) return [];
        return [{ of, name, most, needed: wants[name], used: used[name] }];
      }),
    );
  }

  /** Keeps what the run lacks for it, so that no later run of its owner starves it. One that needs more than all gets nothing kept. */
  keep(owner: Owner, lacks: readonly QuotaLack[]): void {
    for (const share of this.#of(owner))
      for (const { of, name, needed, most } of lacks)
        if (of === share.of && needed <= most) share.closed.add(name);
  }

  take(owner: Owner, needs: Needs): void {
    const wants = wantsOf(needs);
    for (const { used } of this.#of(owner)) for (const name of SHARED) used[name] += wants[name];
  }

  /** Whose runs need not be looked at any more. */
  closed(): readonly ClosedOwner[] {
    return [...this.#shares.values()].flatMap(({ of, owner, used, closed }) => {
      const isOut = (name: Shared) =>
        closed.has(name) || used[name] >= (this.#quotas[of]?.[name] ?? Infinity);
      if (isOut("runningRuns") || isOut("nodes")) return [owner];
      return isOut("gpus") ? [{ ...owner, onlyGpus: true }] : [];
    });
  }

  #of({ workspace, user }: Owner): readonly Share[] {
    return KINDS.flatMap((of) => {
      if (this.#quotas[of] === undefined) return [];
      const key = of === "workspace" ? String(workspace) : `${workspace} ${user}`;
      const owner = { workspace, ...(of === "user" ? { user } : {}), onlyGpus: false };
      const share = this.#shares.get(key) ?? {
        of,
        owner,
        used: { runningRuns: 0, nodes: 0, gpus: 0 },
        closed: new Set<Shared>(),
      };
      this.#shares.set(key, share);
      return [share];
    });
  }
}

/** What is said to a run that waits for a quota. */
export function quotaWaitText({ of, name, most, needed, used }: QuotaLack): string {
  const whose = of === "workspace" ? "The runs of this workspace" : "The runs of its user in this workspace";
  if (needed > most)
    return `It needs ${sharedAmount(name, needed)}, and the quota ${of}.${name} is ${most}: it cannot start unless that is raised.`;
  const all =
    name === "runningRuns"
      ? `${sharedAmount(name, most)} at work at once`
      : `${sharedAmount(name, most)} at once`;
  const kept = used + needed <= most ? "; what is left is for one of them before it" : "";
  return `${whose} may have ${all} (quota ${of}.${name}) and have ${used}${kept}${needed > 1 ? `; it needs ${needed}` : ""}.`;
}
