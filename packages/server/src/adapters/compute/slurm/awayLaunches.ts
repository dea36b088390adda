// Launches whose nodes share no folder with the service: the batch script is the courier, which asks for all that the run is made of, and
// brings its files home. Which start of a job runs it, the claim at home decides.
import { join } from "node:path";
import {
  type Handle,
  type Launch,
  type LaunchKey,
  MalachiteError,
  RUN_FOLDER,
  START_FILES,
  type SteadyClock,
} from "@malachite/core";
import { type AwayCourier, ENGINE_FILES, launchUrl } from "../courier/index.ts";
import { refuseLong } from "../shared/argumentLengths.ts";
import { leadsToItself } from "../shared/leadsToItself.ts";
import { refuseLate } from "../shared/notLate.ts";
import { exists } from "../shared/smallFiles.ts";
import { claimOf, takeClaim } from "../shared/startClaim.ts";
import { awayScript } from "./awayScript.ts";
import type { PartitionTimes } from "./partitionTimes.ts";
import type { Questions } from "./questions.ts";
import { type Seen, sightingOf, type Traces } from "./sightings.ts";
import type { SlurmState } from "./slurmHandle.ts";
import { clusterOf, type SlurmCluster, type SlurmOptions, whyNoMpi } from "./slurmTarget.ts";
import { MPI_STARTER, SlurmRefused, type SlurmVoice } from "./slurmVoice.ts";
import { isLive, isWaiting, type SlurmJob } from "./slurmWords.ts";
import { jobRequest } from "./submitArguments.ts";

export type AwayLaunchesOptions = {
  /** The service's own, for the batch script. */
  readonly folder: string;
  readonly voice: SlurmVoice;
  readonly questions: Questions;
  readonly times: PartitionTimes;
  readonly clock: SteadyClock;
  readonly courier: AwayCourier;
  readonly authority: string;
  readonly files: URL;
  readonly graceMs: number;
  readonly follow: (key: LaunchKey, state: SlurmState) => Handle;
  readonly refusal: (error: unknown) => unknown;
};

export type AwayLaunches = {
  launch(given: Launch, target: SlurmOptions, signal: AbortSignal): Promise<Handle>;
  /** What an earlier launch of the key has made; without anything, what is left of it is forgotten. */
  find(cluster: SlurmCluster, key: LaunchKey): Promise<Handle | undefined>;
  sight(key: LaunchKey, jobs: readonly SlurmJob[]): Promise<Seen>;
};

const TRACES: Omit<Traces, "isMany"> = {
  asked: ENGINE_FILES.asked,
  requeued: ENGINE_FILES.again,
  unbegun: () =>
    "Nothing of it has come to the service. Its node needs python3 (3.6 or later), and must reach the service at its address (--host, --public-url) and trust its certificate.",
};
/** What the batch script finds its tools by; all else a run has is in its parcel. */
const PATH = "/usr/local/bin:/usr/bin:/bin";
/** What one program can be given in all there: Linux takes 2 MiB, and keeps some of it. */
const MOST_ARGUMENT_BYTES = 2 ** 21 - 2 ** 14;

export function createAwayLaunches(options: AwayLaunchesOptions): AwayLaunches {
  const { voice, questions, times, clock, courier, authority, files, graceMs, follow } = options;

  async function launch(given: Launch, target: SlurmOptions, signal: AbortSignal): Promise<Handle> {
    const { plan, secrets, startBefore } = given;
    const { key } = plan;
    const isApart = plan.group !== undefined && plan.nodes > 1;
    const noMpi = isApart && plan.group?.starter === "mpirun" ? whyNoMpi(plan.target) : undefined;
    if (noMpi !== undefined)
      throw new MalachiteError("UnsupportedField", `${noMpi}.`, { target: "configuration.nodeCount" });
    refuseLong({ env: { ...plan.environment, ...secrets }, argv: plan.argv }, MOST_ARGUMENT_BYTES);
    const cluster = clusterOf(target);
    const earlier = await find(cluster, key);
    if (earlier !== undefined) return earlier;
    const longest = await times.longestFor(plan, cluster, target);
    signal.throwIfAborted();
    const { folder: onNode, bin, mpi } = target;
    const environment =
      plan.group === undefined || mpi === undefined
        ? plan.environment
        : { ...plan.environment, [MPI_STARTER]: mpi };
    const packed = { ...given, plan: { ...plan, environment } };
    try {
      await courier.pack(packed, signal, isApart ? "apart" : undefined);
      const script = await awayScript(options.folder, { program: courier.program, files });
      const submission = {
        job: jobRequest(plan, target, graceMs, longest),
        script,
        scriptArguments: [
          ...["--service", launchUrl(plan), "--key", key, "--grace", String(graceMs / 1000)],
          ...(onNode === undefined ? [] : ["--folder", onNode]),
          ...(bin === undefined ? [] : ["--bin", bin]),
          ...(isApart ? ["--nodes", String(plan.nodes)] : []),
        ],
        env: { PATH, MALACHITE_SECRETS: JSON.stringify(secrets), MALACHITE_CA: authority },
      };
      refuseLate(startBefore, clock);
      // From here on an abort is of no use: the job may have been taken.
      const job = await voice.submit(cluster, submission);
      return follow(key, { cluster, job, ...(await nodesOf(key)) });
    } catch (error) {
      // What may have been taken is looked for, by whoever asks again.
      if (error instanceof SlurmRefused) await discard(key).catch(nextTime);
      throw options.refusal(error);
    }
  }

  async function nodesOf(key: LaunchKey): Promise<Pick<SlurmState, "logs">> {
    const logs = await courier.nodeLogs(key);
    return logs === undefined ? {} : { logs };
  }

  /** For a launch of which nothing runs. */
  async function discard(key: LaunchKey): Promise<void> {
    // With the claim, no job of it begins any more, whoever is just about to submit one.
    if (await takeClaim(courier.homePath(key))) await courier.forget(key);
  }

  async function find(cluster: SlurmCluster, key: LaunchKey): Promise<Handle | undefined> {
    // The home comes first, so without one nothing was ever submitted.
    while (await courier.has(key)) {
      const jobs = await questions.ask(cluster, key);
      const job = (jobs.find(isLive) ?? jobs.at(-1))?.id;
      const claim = await claimOf(courier.homePath(key));
      if (claim === "started" || (claim === undefined && job !== undefined))
        return follow(key, { cluster, ...(job === undefined ? {} : { job }), ...(await nodesOf(key)) });
      await discard(key);
    }
    // A kill in the midst of packing leaves a parcel without a home.
    await courier.forget(key);
    return undefined;
  }

  async function sight(key: LaunchKey, jobs: readonly SlurmJob[]): Promise<Seen> {
    const home = courier.homePath(key);
    const isMany = async () => (await courier.nodeLogs(key)) !== undefined;
    const seen = await sightingOf(home, jobs, { ...TRACES, isMany });
    if (seen.kind === "silent") return seen;
    const { sighting } = seen;
    const live = jobs.some((job) => isLive(job) && !isWaiting(job));
    if (sighting.at === "ended" || sighting.at === "gone") {
      const [lacking] = (await exists(join(home, RUN_FOLDER.exit))) ? await courier.lacking(key) : [];
      // Other nodes still bring home what they have.
      if (lacking !== undefined && live) return { kind: "certain", sighting: { at: "running" } };
      if (lacking !== undefined && sighting.at === "ended" && sighting.code === 0)
        return {
          kind: "certain",
          sighting: {
            at: "gone",
            taken: `The job ended before the files of node ${lacking} were home.`,
            as: "NodeFailed",
          },
        };
    }
    if (sighting.at === "ended") {
      // A record of an environment that could not be made says so besides.
      const atHome = await courier.sight(key);
      return atHome?.at === "ended" && atHome.as !== undefined
        ? { ...seen, sighting: { ...atHome, ...sighting } }
        : seen;
    }
    const running = jobs.find((job) => isLive(job) && !isWaiting(job));
    if (running === undefined || (await hasBegun(home))) return seen;
    const atHome = await courier.sight(key);
    const why = atHome?.at === "waiting" ? atHome.why : undefined;
    const fetches = `Slurm says of job ${running.id}: ${running.state}; its node fetches what the run is made of.`;
    const silent = `Slurm says of job ${running.id}: ${running.state}; nothing of it has come to the service yet. If that stays so, its node does not reach the service.`;
    const told = why ?? ((await claimOf(home)) === "started" ? fetches : silent);
    return { kind: "certain", sighting: { at: "waiting", why: told } };
  }

  return { launch, find, sight };
}

const hasBegun = async (home: string): Promise<boolean> =>
  (await exists(join(home, START_FILES.pids))) || (await exists(join(home, RUN_FOLDER.exit)));

/** Why nodes cannot reach the service at that address; undefined where they may. */
export function isOutOfReach(url: string): string | undefined {
  if (!leadsToItself(url)) return undefined;
  return `Its nodes share no folder with the service (shared: false), and cannot reach it at ${new URL(url).origin}. Start it with --host 0.0.0.0 and with --public-url, an address that nodes reach.`;
}

/** What cannot be forgotten now is forgotten by `find` or by the next launch of the key. */
const nextTime = (): void => {};
