// Chooses the machine of a run, and takes a place on it, with GPUs where they are counted.
import { isMalachiteError, type LaunchKey, type LaunchPlan, MalachiteError } from "@malachite/core";
import type { RunsRoot } from "../shared/runsRoot.ts";
import { refusedOption } from "../shared/targetOptions.ts";
import type { FarFacts } from "./farHost.ts";
import { FarRefused } from "./farLink.ts";
import type { FollowedRuns } from "./followedRuns.ts";
import { isApart, nodesOf } from "./meeting.ts";
import { unavailable } from "./openSsh.ts";
import { farKeyOf, type Way, wayOf, writeNote } from "./sshHandle.ts";
import { addressOf, hostName, type SshHost, type SshOptions } from "./sshTarget.ts";

export type Place = {
  readonly way: Way;
  /** Those of that machine which are the run's; undefined where nobody counts them. */
  readonly gpus: readonly number[] | undefined;
};

export type ChoosingParts = {
  readonly root: Pick<RunsRoot, "folder">;
  readonly followed: Pick<FollowedRuns, "hostOf" | "take" | "leave" | "takenOn">;
};

/** What the machine has not of what the settings tell of it; undefined when all is well. */
export function lackOf(
  name: string,
  { gpus }: Pick<SshHost, "gpus">,
  { limits }: Pick<SshOptions, "limits">,
  facts: Pick<FarFacts, "unlimited" | "gpus">,
): string | undefined {
  for (const [option, limit] of [
    ["memoryMiB", "memory"],
    ["cpus", "cpu"],
  ] as const) {
    const why = facts.unlimited[limit];
    if (limits[option] !== undefined && why !== undefined)
      return `${name}: ${option} cannot be enforced there: ${why}.`;
  }
  // Without nvidia-smi there, what the settings say of its GPUs holds.
  const strange = facts.gpus === null ? [] : (gpus ?? []).filter((id) => !facts.gpus?.includes(id));
  if (strange.length === 0) return undefined;
  const found = facts.gpus?.length === 0 ? "none" : facts.gpus?.join(", ");
  return `${name}: the target tells of GPU ${strange.join(", ")} there; nvidia-smi there tells of ${found}.`;
}

/**
 * A place for each node of the run, all of them or none; which machine is asked is durable before it is. A machine that has no node of the run
 * goes before one that has, and then the one with the most free slots as far as is known here. Throws EngineUnavailable where there are not
 * enough now, UnsupportedField where none can keep its limits.
 */
export async function choosePlaces(
  plan: LaunchPlan,
  count: number,
  asked: SshOptions,
  before: Way | undefined,
  parts: ChoosingParts,
  signal: AbortSignal,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  try {
    while (places.length < count)
      places.push(await choosePlace({ plan, asked, before, chosen: places }, parts, signal));
    return places;
  } catch (error) {
    // Nobody keeps a place while he waits for another: so two runs never wait for each other.
    if (count > 1) await leavePlaces(plan.key, places, parts);
    throw error;
  }
}

/** Those that were taken for nodes of which nothing has begun. */
async function leavePlaces(
  key: LaunchKey,
  places: readonly Place[],
  { followed }: ChoosingParts,
): Promise<void> {
  await Promise.all(
    places.map(async ({ way }, node) => {
      const farKey = farKeyOf(key, node);
      followed.leave(farKey);
      await followed
        .hostOf(way)
        .ask("discard", { key: farKey })
        .catch(() => {
          // It is let go of there after a while.
        });
    }),
  );
}

type Choosing = {
  readonly plan: LaunchPlan;
  readonly asked: SshOptions;
  readonly before: Way | undefined;
  readonly chosen: readonly Place[];
};

async function choosePlace(
  { plan, asked, before, chosen }: Choosing,
  { root, followed }: ChoosingParts,
  signal: AbortSignal,
): Promise<Place> {
  const farKey = farKeyOf(plan.key, chosen.length);
  const chosenOn = (host: SshHost): number =>
    chosen.filter(({ way }) => hostName(way.host) === hostName(host)).length;
  const free = (host: SshHost): number => host.slots - followed.takenOn(hostName(host));
  const taken = new Set(isApart(plan) ? chosen.map(({ way }) => addressOf(way.host)) : []);
  const ways = asked.hosts
    .filter((host) => !taken.has(addressOf(host)))
    .sort((a, b) => chosenOn(a) - chosenOn(b) || free(b) - free(a))
    .map((host) => wayOf(plan.target, host, asked));
  if (ways.length === 0)
    throw new MalachiteError(
      "UnsupportedField",
      `MPI takes a machine for each of its nodes, and the target '${plan.target.name}' has ${taken.size}.`,
      { target: "configuration.nodeCount" },
    );
  const sameHost = (way: Way) => before !== undefined && hostName(way.host) === hostName(before.host);
  // What an earlier try has laid down there is of use.
  if (chosen.length === 0) ways.sort((a, b) => Number(sameHost(b)) - Number(sameHost(a)));
  const faults: string[] = [];
  let unable = 0;
  for (const way of ways) {
    const host = followed.hostOf(way);
    try {
      const lack = lackOf(host.name, way.host, asked, await host.facts(signal));
      if (lack !== undefined) {
        faults.push(lack.replace(/\.$/, ""));
        unable += 1;
        continue;
      }
      const [first, ...others] = [...chosen.map((place) => place.way), way].map((one) => ({
        way: one,
        tunnel: 0,
      }));
      if (first !== undefined) await writeNote(root.folder(plan.key), { phase: "placing", ...first, others });
      const gpus = gpusOf(plan, way.host);
      const { header } = await host.ask(
        "reserve",
        { key: farKey, slots: way.host.slots, ...(gpus === undefined ? {} : { gpus }) },
        signal,
      );
      if (header.full === undefined && header.without === undefined) {
        followed.take(farKey, host);
        return { way, gpus: (header.gpus as readonly number[] | null | undefined) ?? undefined };
      }
      faults.push(
        header.full === undefined
          ? `${host.name} has ${header.without} of ${gpus?.count} GPUs free`
          : `${host.name} has ${header.full} runs in its ${way.host.slots} slots`,
      );
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FarRefused) && !(isMalachiteError(error) && error.kind === "unavailable"))
        throw error;
      // Nothing was started there, so another may have it; what was laid down there goes by itself.
      faults.push(error.message.replace(/\.$/, ""));
    }
  }
  const said = faults.join("; ");
  if (unable === ways.length) {
    const option = asked.limits.memoryMiB === undefined ? "cpus" : "memoryMiB";
    throw refusedOption(
      plan.target,
      option,
      `and what it tells of GPUs hold on none of its machines: ${said}`,
    );
  }
  const what = chosen.length === 0 ? "the run" : `node ${chosen.length} of the run beside the others`;
  throw unavailable(`No machine of the target '${plan.target.name}' takes ${what} now: ${said}`);
}

/** Of a machine of which nothing is told beside others of which something is, a run that needs none gets none. */
function gpusOf(plan: LaunchPlan, { gpus }: SshHost): { ids: readonly number[]; count: number } | undefined {
  if (plan.gpusPerNode === undefined) return gpus === undefined ? undefined : { ids: gpus, count: 0 };
  // Nodes of a run that is on one machine share it.
  return { ids: gpus ?? [], count: plan.gpusPerNode * (nodesOf(plan) === 1 ? plan.nodes : 1) };
}
