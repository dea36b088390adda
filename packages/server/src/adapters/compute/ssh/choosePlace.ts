// Chooses the machine of a run, and takes a place on it, with GPUs where they are counted.
import { isMalachiteError, type LaunchPlan } from "@malachite/core";
import type { RunsRoot } from "../shared/runsRoot.ts";
import { refusedOption } from "../shared/targetOptions.ts";
import type { FarFacts } from "./farHost.ts";
import { FarRefused } from "./farLink.ts";
import type { FollowedRuns } from "./followedRuns.ts";
import { unavailable } from "./openSsh.ts";
import { type Way, wayOf, writeNote } from "./sshHandle.ts";
import { hostName, type SshHost, type SshOptions } from "./sshTarget.ts";

export type Place = {
  readonly way: Way;
  /** Those of that machine which are the run's; undefined where nobody counts them. */
  readonly gpus: readonly number[] | undefined;
};

export type ChoosingParts = {
  readonly root: Pick<RunsRoot, "folder">;
  readonly followed: Pick<FollowedRuns, "hostOf" | "take" | "takenOn">;
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
 * The machine with the most room first, as far as is known here; which, is durable before it is asked. Throws EngineUnavailable where none
 * takes the run now, UnsupportedField where none can keep its limits.
 */
export async function choosePlace(
  plan: LaunchPlan,
  asked: SshOptions,
  before: Way | undefined,
  { root, followed }: ChoosingParts,
  signal: AbortSignal,
): Promise<Place> {
  const used = (host: SshHost): number => followed.takenOn(hostName(host)) / host.slots;
  const ways = [...asked.hosts]
    .sort((a, b) => used(a) - used(b))
    .map((host) => wayOf(plan.target, host, asked));
  const sameHost = (way: Way) => before !== undefined && hostName(way.host) === hostName(before.host);
  // What an earlier try has laid down there is of use.
  ways.sort((a, b) => Number(sameHost(b)) - Number(sameHost(a)));
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
      await writeNote(root.folder(plan.key), { phase: "placing", way, tunnel: 0 });
      const gpus = gpusOf(plan, way.host);
      const { header } = await host.ask(
        "reserve",
        { key: plan.key, slots: way.host.slots, ...(gpus === undefined ? {} : { gpus }) },
        signal,
      );
      if (header.full === undefined && header.without === undefined) {
        followed.take(plan.key, host);
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
      faults.push(error.message);
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
  throw unavailable(`No machine of the target '${plan.target.name}' takes the run now: ${said}`);
}

/** Of a machine of which nothing is told beside others of which something is, a run that needs none gets none. */
function gpusOf(plan: LaunchPlan, { gpus }: SshHost): { ids: readonly number[]; count: number } | undefined {
  if (plan.gpusPerNode === undefined) return gpus === undefined ? undefined : { ids: gpus, count: 0 };
  // Nodes of a run share the machine.
  return { ids: gpus ?? [], count: plan.gpusPerNode * plan.nodes };
}
