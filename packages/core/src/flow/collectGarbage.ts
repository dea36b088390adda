// What the policies of the settings let go: a page of runs at a time, so that any number of them costs no memory, and a kill costs a page.

import { MalachiteError } from "../domain/failure/malachiteError.ts";
import {
  isSpared,
  isTooMuch,
  isTooOld,
  policyFor,
  type RetentionPolicy,
} from "../domain/retention/policy.ts";
import { type Scope, workspaceKey } from "../domain/scope.ts";
import type { Removal, RetainedRun } from "../ports/retention.ts";
import { filesIn } from "./countKept.ts";
import { ENVIRONMENT_LOCK } from "./environmentLock.ts";
import type { FlowPorts } from "./ports.ts";
import { type SweptProjects, sweepProjects } from "./sweepProjects.ts";

type GcPorts = Pick<
  FlowPorts,
  "retention" | "workspaces" | "snapshots" | "artifacts" | "blobs" | "metrics" | "clock" | "settings"
>;

export type GcAsk = {
  /** Only tells what would go. */
  readonly dryRun: boolean;
  /** The `next` of the page before. */
  readonly after?: string;
  /** How many runs are looked at. */
  readonly limit: number;
};

/** A run that goes, or would but for what refers to it. */
export type GcItem = {
  readonly scope: Scope;
  readonly runId: string;
  readonly experimentName: string;
  readonly what: Removal["what"];
  readonly why: "age" | "size";
  readonly bytes: number;
  /** What refers to it, in words: it stays. */
  readonly keptBy?: string;
};

export type GcPage = {
  /** How many policies there are. */
  readonly policies: number;
  readonly looked: number;
  readonly values: readonly GcItem[];
  /** Bytes of removals that were begun earlier and are finished now. */
  readonly finishedBytes: number;
  /** On the last page, where projects that no run names go too. */
  readonly swept?: SweptProjects;
  readonly next?: string;
};

/** Where the next page begins, and what was counted of that workspace so far. */
type Place = {
  readonly workspace: string;
  readonly after?: string;
  /** Bytes, by each policy. */
  readonly used: readonly number[];
  /** Where nothing is removed: the runs that would go below each run that is still to be looked at. */
  readonly below?: Readonly<Record<string, number>>;
};

const OWED_AT_ONCE = 100;
const REMOVED_AT_ONCE = 16;

/** Throws BadContinuationToken. */
export async function collectGarbage(ask: GcAsk, ports: GcPorts): Promise<GcPage> {
  const { dryRun, limit } = ask;
  const policies = ports.settings.retention();
  const finishedBytes = dryRun || ask.after !== undefined ? 0 : await payAll(ports);
  const workspaces = policies.length === 0 ? [] : await ports.workspaces.list();
  const place = ask.after === undefined ? undefined : parsePlace(ask.after, policies.length);
  const from = place === undefined ? 0 : workspaces.findIndex((one) => workspaceKey(one) === place.workspace);
  if (from < 0) throw badToken();
  const scope = workspaces[from];
  if (scope === undefined)
    return await last({ policies: policies.length, looked: 0, values: [], finishedBytes }, dryRun, ports);
  const page = await ports.retention.ended(scope, {
    limit,
    ...(place?.after === undefined ? {} : { after: place.after }),
  });
  const used = [...(place?.used ?? policies.map(() => 0))];
  const below = new Map(Object.entries(place?.below ?? {}));
  const items: (GcItem | Promise<GcItem>)[] = [];
  const sideBySide = createSideBySide();
  for (const run of page.values) {
    await sideBySide.turnOf(run.runId);
    const item = await judge(run, { policies, used, below, now: ports.clock.now(), dryRun }, ports);
    below.delete(run.runId);
    if (item === undefined) continue;
    if (dryRun && item.what === "run" && item.keptBy === undefined && run.parentId !== undefined)
      below.set(run.parentId, (below.get(run.parentId) ?? 0) + 1);
    items.push(dryRun ? item : sideBySide.begin(run.parentId, () => remove(item, run.container, ports)));
  }
  await Promise.allSettled(items);
  const values = await Promise.all(items);
  const next =
    page.next !== undefined
      ? { workspace: workspaceKey(scope), after: page.next, used, below: Object.fromEntries(below) }
      : workspaces[from + 1] && {
          workspace: workspaceKey(workspaces[from + 1] as Scope),
          used: policies.map(() => 0),
        };
  const done = { policies: policies.length, looked: page.values.length, values, finishedBytes };
  return next === undefined ? await last(done, dryRun, ports) : { ...done, next: printPlace(next) };
}

/** When all runs were looked at: projects that none of them names. */
async function last(page: GcPage, dryRun: boolean, ports: GcPorts): Promise<GcPage> {
  const days = ports.settings.keepProjectsDays;
  const swept = days === undefined ? undefined : await sweepProjects(days, dryRun, ports);
  return swept === undefined ? page : { ...page, swept };
}

/** What its policy says of the run; undefined: it stays. */
async function judge(
  run: RetainedRun,
  {
    policies,
    used,
    below,
    now,
    dryRun,
  }: {
    readonly policies: readonly RetentionPolicy[];
    readonly used: number[];
    readonly below: ReadonlyMap<string, number>;
    readonly now: number;
    readonly dryRun: boolean;
  },
  ports: GcPorts,
): Promise<GcItem | undefined> {
  const at = policyFor(policies, run);
  const policy = policies[at];
  if (policy === undefined || (policy.remove === "files" && run.hasNoFiles)) return undefined;
  const spared = isSpared(policy, run);
  const old = isTooOld(policy, run, now);
  // Counted where the sum matters or somebody is told of it; one that stays by its tags counts all the same.
  if (policy.keepBytes === undefined && (spared || !old)) return undefined;
  const { scope, runId, experimentName } = run;
  // The removal looks for itself what refers to it, and counts what goes.
  if (policy.keepBytes === undefined && !dryRun)
    return { scope, runId, experimentName, bytes: 0, what: policy.remove, why: "age" };
  const bytes = run.hasNoFiles ? 0 : await bytesOf(run, ports);
  const before = used[at] ?? 0;
  const much = isTooMuch(policy, bytes, before);
  if (spared || !(old || much)) {
    used[at] = before + bytes;
    return undefined;
  }
  const keptBy = await ports.retention.keeper(scope, runId, policy.remove, below.get(runId) ?? 0);
  if (keptBy !== undefined) used[at] = before + bytes;
  return {
    ...{ scope, runId, experimentName, bytes },
    what: policy.remove,
    why: old ? "age" : "size",
    ...(keptBy === undefined ? {} : { keptBy }),
  };
}

/**
 * Removals at the same time, so that their commits and writes are made together. None begins before those of the runs right below it have
 * ended: they would refer to it.
 */
function createSideBySide() {
  const going = new Map<Promise<GcItem>, string | undefined>();
  return {
    async turnOf(runId: string): Promise<void> {
      while (going.size >= REMOVED_AT_ONCE) await Promise.race(going.keys()).catch(() => {});
      const below = [...going].filter(([, parent]) => parent === runId).map(([work]) => work);
      await Promise.allSettled(below);
    },
    begin(parentId: string | undefined, work: () => Promise<GcItem>): Promise<GcItem> {
      const one = work().finally(() => going.delete(one));
      going.set(one, parentId);
      // Told by whoever awaits all.
      one.catch(() => {});
      return one;
    },
  };
}

async function remove(item: GcItem, container: string, ports: GcPorts): Promise<GcItem> {
  if (item.keptBy !== undefined) return item;
  const { scope, runId, what } = item;
  const keptBy = await ports.retention.remove(scope, runId, what, ports.clock.now());
  if (keptBy !== undefined) return { ...item, keptBy };
  return { ...item, bytes: await pay({ scope, runId, container, what }, ports) };
}

/** What earlier lives began and did not end. */
async function payAll(ports: GcPorts): Promise<number> {
  let bytes = 0;
  for (;;) {
    const owed = await ports.retention.owed(OWED_AT_ONCE);
    for (const removal of owed) bytes += await pay(removal, ports);
    if (owed.length < OWED_AT_ONCE) return bytes;
  }
}

/** Removes the files, then the debt. May be repeated, also by two servers at once: the container's name is never used again. */
async function pay(removal: Removal, ports: GcPorts): Promise<number> {
  const { scope, runId, container, what } = removal;
  let bytes = 0;
  if (what === "run") await ports.metrics.remove(scope, runId);
  for await (const file of filesIn(scope, container, ports)) {
    // With it the packages of then can still be had.
    if (what === "files" && file.path === ENVIRONMENT_LOCK) continue;
    await ports.blobs.remove(
      { bucket: { kind: "artifacts", scope, container }, path: file.path },
      { check: () => {} },
    );
    bytes += file.sizeBytes;
  }
  await ports.retention.paid(removal, bytes);
  return bytes;
}

async function bytesOf({ scope, container, bytes }: RetainedRun, ports: GcPorts): Promise<number> {
  if (bytes !== undefined) return bytes;
  let sum = 0;
  for await (const file of filesIn(scope, container, ports)) sum += file.sizeBytes;
  return sum;
}

const printPlace = (place: Place): string => encodeURIComponent(JSON.stringify(place));

function parsePlace(token: string, policies: number): Place {
  try {
    const place = JSON.parse(decodeURIComponent(token)) as Place;
    const isRight =
      typeof place.workspace === "string" &&
      Array.isArray(place.used) &&
      place.used.length === policies &&
      [...place.used, ...Object.values(place.below ?? {})].every(
        (one) => typeof one === "number" && one >= 0,
      ) &&
      ["undefined", "string"].includes(typeof place.after);
    if (isRight) return place;
  } catch {
    // Told below, like any other text that is no token.
  }
  throw badToken();
}

const badToken = (): MalachiteError =>
  new MalachiteError("BadContinuationToken", "The text is no place where an earlier page ended.", {
    target: "after",
  });
