// The driver that runs each launch as a job of Slurm. Service and nodes see the folders of runs under the same path, or share none, and a
// courier carries the files. A job is asked for by its name, which is the launch key, so neither a lost answer nor a crash can hide one.
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type ComputeDriver,
  environmentTools,
  type Handle,
  inFolder,
  isMalachiteError,
  type Launch,
  type LaunchKey,
  MalachiteError,
  type Sighting,
  type SteadyClock,
  type TargetHealth,
  type TargetSettings,
} from "@malachite/core";
import type { MachineTools } from "../../shared/machineTools.ts";
import type { AwayCourier } from "../courier/index.ts";
import { refuseLong, tooLong } from "../shared/argumentLengths.ts";
import { createLines } from "../shared/inLine.ts";
import { createLaunchHints } from "../shared/launchHints.ts";
import type { LaunchMark, LaunchMarks } from "../shared/launchMarks.ts";
import { launchesIn } from "../shared/launchPlaces.ts";
import { createLocalRunFolder } from "../shared/localRunFolder.ts";
import { createLostFolders } from "../shared/lostFolders.ts";
import { createMarkedPlaces } from "../shared/markedPlaces.ts";
import { refuseLate } from "../shared/notLate.ts";
import { placeMounts, removeMounts } from "../shared/placeMounts.ts";
import { prepareFolder, type RunPlacer } from "../shared/prepareFolder.ts";
import { type Prepared, prepareCommand } from "../shared/runEnvironment.ts";
import { createRunsRoots, faultOfRoot, type RunsRoot } from "../shared/runsRoot.ts";
import { withTools } from "../shared/runTools.ts";
import { exists } from "../shared/smallFiles.ts";
import { claimOf, takeClaim } from "../shared/startClaim.ts";
import { createAwayLaunches, isOutOfReach } from "./awayLaunches.ts";
import { createEndJobs } from "./endJobs.ts";
import { JOB_SCRIPT, JOB_SCRIPT_NAME } from "./jobScript.ts";
import { createPartitionTimes } from "./partitionTimes.ts";
import { createQuestions } from "./questions.ts";
import { sightingOf } from "./sightings.ts";
import { OF_SLURM } from "./slurmCommands.ts";
import { KIND, makeHandle, readHandle, type SlurmState } from "./slurmHandle.ts";
import {
  clusterOf,
  faultOfOptions,
  isAwayTarget,
  parseSlurmOptions,
  type SlurmCluster,
} from "./slurmTarget.ts";
import { MPI_STARTER, SlurmRefused, type SlurmVoice } from "./slurmVoice.ts";
import { isLive } from "./slurmWords.ts";
import { jobRequest } from "./submitArguments.ts";

export type SlurmDriverOptions = {
  /** Absolute path of the folder in which each launch gets one of its own, unless its target names another. */
  readonly folder: string;
  readonly placer: RunPlacer;
  readonly voice: SlurmVoice;
  readonly marks: LaunchMarks;
  readonly clock: SteadyClock;
  /** What runs inherit, from inheritedEnvironment. */
  readonly inherited: Readonly<Record<string, string>>;
  /** How long a run may take to end after it was asked to. */
  readonly graceMs: number;
  /** Looks whether the tools for environments that targets name are there. */
  readonly tools?: Pick<MachineTools, "faultOf">;
  /** Carries the files of runs whose nodes share no folder with the service. */
  readonly courier: AwayCourier;
  /** PEM of who has signed the service's certificate: couriers trust that. */
  readonly authority: string;
  /** The address that runs are told. */
  readonly serviceUrl: () => string;
  /** The folder with the program of the nodes, ending in a slash. */
  readonly files: URL;
  /** How long after Slurm's word its files may still be on their way; two seconds unless told. */
  readonly settleMs?: number;
};

/** Disposing it ends no run: it only lets go of watches and of cleaning in the background. */
export type SlurmDriver = ComputeDriver & AsyncDisposable;

/** Of the machine of the service, and nothing that holds on a node. */
const NOT_INHERITED = ["TMPDIR", "SHELL"];
/** What one program can be given in all, arguments and environment: Linux takes 2 MiB, and keeps some of it. */
const MOST_ARGUMENT_BYTES = 2 ** 21 - 2 ** 14;

/** Starts and opens nothing until its first call. */
export function createSlurmDriver(options: SlurmDriverOptions): SlurmDriver {
  const { placer, voice, marks, clock, graceMs, settleMs = 2000, courier } = options;
  const roots = createRunsRoots();
  const own = roots.at(options.folder);
  const hints = createLaunchHints();
  const inLine = createLines();
  const lost = createLostFolders(clock);
  const questions = createQuestions(voice);
  const times = createPartitionTimes(voice, clock);
  const endJobs = createEndJobs(voice, questions, clock);
  const away = createAwayLaunches({ ...options, questions, times, follow, refusal });
  const marked = createMarkedPlaces({
    ...{ marks, inLine },
    async whenOver(mark, folder) {
      const jobs = await questions.ask(clusterIn(mark), mark.key);
      return jobs.some(isLive) ? undefined : () => removeMounts(folder);
    },
  });
  /** When a launch was first seen to have ended without a record. */
  const silent = new Map<LaunchKey, number>();
  const inherited = Object.fromEntries(
    Object.entries(options.inherited).filter(([name]) => !NOT_INHERITED.includes(name)),
  );

  const rootOf = (target: TargetSettings): RunsRoot =>
    roots.at(parseSlurmOptions(target).folder ?? options.folder);
  const placeOf = (handle: Handle) => {
    const { cluster, root: path } = readHandle(handle);
    const root = path === undefined ? undefined : roots.at(path);
    return { cluster, root, folder: root?.folder(handle.key) ?? courier.homePath(handle.key) };
  };
  /** What the disk says in the work becomes EngineUnavailable. */
  const wrapped = <T>(handle: Handle, work: () => Promise<T>): Promise<T> =>
    placeOf(handle).root?.wrapped(work) ?? work();

  function follow(key: LaunchKey, state: SlurmState): Handle {
    hints.follow(key, state.root === undefined ? courier.homePath(key) : join(state.root, key));
    return makeHandle(key, state);
  }

  async function launch({ plan: asked, secrets, startBefore }: Launch, signal: AbortSignal): Promise<Handle> {
    const { key } = asked;
    const target = parseSlurmOptions(asked.target);
    const cluster = clusterOf(target);
    const root = rootOf(asked.target);
    const folder = root.folder(key);
    const plan = inFolder(asked, folder);
    const { env, argv } = forSlurm(
      withTools(prepareCommand({ plan, secrets }, inherited, folder), { plan, secrets }),
    );
    await root.ready();
    const earlier = await known(root, cluster, key);
    if (earlier !== undefined) return earlier;
    const longest = await times.longestFor(plan, cluster, target);
    await root.makeWhole(key, async (made) => {
      await prepareFolder(made, { ...plan, mounts: undefined }, placer, {}, signal);
      await writeFile(join(made, JOB_SCRIPT_NAME), JOB_SCRIPT);
      await marks.put(made, plan, { cluster });
    });
    try {
      await placeMounts(folder, plan);
      signal.throwIfAborted();
    } catch (error) {
      await discard(root, key).catch(nextTime);
      throw error;
    }
    const submission = {
      job: jobRequest(plan, target, graceMs, longest),
      script: join(folder, JOB_SCRIPT_NAME),
      scriptArguments: [folder, target.bin ?? "", ...argv],
      env: plan.group === undefined || target.mpi === undefined ? env : { ...env, [MPI_STARTER]: target.mpi },
    };
    try {
      refuseLate(startBefore, clock);
      // From here on an abort is of no use: the job may have been taken.
      const job = await voice.submit(cluster, submission);
      return follow(key, { cluster, root: root.path, job });
    } catch (error) {
      // What may have been taken is looked for, by whoever asks again.
      if (isMalachiteError(error)) throw error;
      await discard(root, key).catch(nextTime);
      throw refusal(error);
    }
  }

  /** For a launch of which nothing runs. */
  async function discard(root: RunsRoot, key: LaunchKey): Promise<void> {
    // With the claim, no job of it begins any more, whoever is just about to submit one.
    if (!(await takeClaim(root.folder(key)))) return;
    await removeMounts(root.folder(key));
    await root.remove(key);
  }

  /** What an earlier launch of the key has made; without anything, what is left of it is removed. */
  async function known(root: RunsRoot, cluster: SlurmCluster, key: LaunchKey): Promise<Handle | undefined> {
    const folder = root.folder(key);
    // The folder comes first, so without one nothing was ever submitted.
    while (await exists(folder)) {
      const jobs = await questions.ask(cluster, key);
      const job = (jobs.find(isLive) ?? jobs.at(-1))?.id;
      const state = { cluster, root: root.path, ...(job === undefined ? {} : { job }) };
      const claim = await claimOf(folder);
      if (claim === "started" || (claim === undefined && job !== undefined)) return follow(key, state);
      await discard(root, key);
    }
    return undefined;
  }

  async function sight(handle: Handle): Promise<Sighting> {
    const { cluster, root, folder } = placeOf(handle);
    const jobs = await questions.ask(cluster, handle.key);
    await root?.assertPresent();
    const first = await (root === undefined ? away.sight(handle.key, jobs) : sightingOf(folder, jobs));
    if (first.kind === "certain") {
      silent.delete(handle.key);
      if (first.sighting.at === "ended") hints.drop(handle.key);
      return first.sighting;
    }
    // Slurm may tell of an end before the node's last files are seen here; opening the folder makes a network file system look again.
    const since = silent.get(handle.key) ?? clock.now();
    silent.set(handle.key, since);
    const isThere = await readdir(folder).then(
      () => true,
      () => false,
    );
    if (!isThere) return lost.gone(folder);
    if (clock.now() - since < settleMs) return { at: first.began ? "running" : "waiting" };
    silent.delete(handle.key);
    return first.sighting ?? lost.gone(folder);
  }

  /** Ends what is left of the jobs. Resolves when Slurm has none that goes on. */
  function end(handle: Handle, graceMs: number, signal: AbortSignal): Promise<void> {
    const { cluster, folder, root } = placeOf(handle);
    return endJobs({ cluster, key: handle.key, folder, sendsHome: root === undefined }, graceMs, signal);
  }

  async function release(handle: Handle, signal: AbortSignal): Promise<void> {
    await end(handle, 0, signal);
    const { root, folder } = placeOf(handle);
    hints.drop(handle.key);
    if (root === undefined) await courier.forget(handle.key);
    else {
      await root.ready();
      await removeMounts(folder);
      await root.remove(handle.key);
    }
    lost.forget(handle.key);
    silent.delete(handle.key);
  }

  async function check(target: TargetSettings, signal: AbortSignal): Promise<TargetHealth> {
    const fault = faultOfOptions(target);
    if (fault !== undefined) return { usable: false, reason: fault };
    const asked = parseSlurmOptions(target);
    const { timeLimitMinutes: minutes } = asked;
    const wanted = { ...asked, ...(minutes === undefined ? {} : { minutes }) };
    // What is of the nodes cannot be looked at from here.
    const ofFiles = isAwayTarget(target)
      ? isOutOfReach(options.serviceUrl())
      : ((await faultOfRoot(rootOf(target))) ??
        (await options.tools?.faultOf(environmentTools(target), signal)));
    const reason = ofFiles ?? (await voice.fault(clusterOf(asked), wanted));
    return reason === undefined ? { usable: true } : { usable: false, reason };
  }

  const driver: SlurmDriver = {
    kind: KIND,
    can: { multiNode: true, images: false, gpus: true },
    check,
    isAway: isAwayTarget,
    launch: (asked, signal) =>
      inLine(asked.plan.key, async () => {
        const { target } = asked.plan;
        if (isAwayTarget(target)) return away.launch(asked, parseSlurmOptions(target), signal);
        return rootOf(target).wrapped(() => launch(asked, signal));
      }),
    find: (target, key, signal) =>
      inLine(key, async () => {
        signal.throwIfAborted();
        if (isAwayTarget(target)) return away.find(clusterOf(parseSlurmOptions(target)), key);
        const root = rootOf(target);
        return root.wrapped(async () => {
          await root.ready();
          return known(root, clusterOf(parseSlurmOptions(target)), key);
        });
      }),
    async observe(handles, signal) {
      signal.throwIfAborted();
      return lost.all(handles, (handle) => wrapped(handle, () => sight(handle)), signal);
    },
    stop: (handle, grace, signal) => wrapped(handle, () => end(handle, grace, signal)),
    folder(handle) {
      const { root, folder } = placeOf(handle);
      return root === undefined
        ? courier.folder(handle.key, readHandle(handle).logs)
        : createLocalRunFolder(folder);
    },
    release: (handle, signal) => inLine(handle.key, () => wrapped(handle, () => release(handle, signal))),
    hints: (signal) => hints.stream(signal),
    async [Symbol.asyncDispose]() {
      hints[Symbol.dispose]();
      await roots[Symbol.asyncDispose]();
    },
  };
  return {
    ...driver,
    place: launchesIn(own, driver, (key) => inLine(key, () => own.wrapped(() => left(key)))),
    placeAt(target) {
      if (faultOfOptions(target) !== undefined || isAwayTarget(target)) return undefined;
      const root = rootOf(target);
      return root === own ? undefined : marked.at(root);
    },
  };

  /** By the folder alone: of whatever cluster the launch was. That names commands and tokens, so it is not taken from what the run can write. */
  async function left(key: LaunchKey): Promise<Handle | undefined> {
    const mark = await marks.read(own.path, key);
    if (mark !== undefined) return known(own, clusterIn(mark), key);
    throw new MalachiteError("EngineUnavailable", `The folder of ${key} does not tell its cluster any more.`);
  }
}

/** Variables by which Slurm's commands are told options reach the command of the run, and not the sbatch that carries all others. */
function forSlurm({ env, argv }: Prepared): Prepared {
  const own = Object.entries(env).filter(([name]) => OF_SLURM.test(name));
  const carried = Object.fromEntries(Object.entries(env).filter(([name]) => !OF_SLURM.test(name)));
  const whole = own.length === 0 ? argv : ["env", ...own.map(([name, value]) => `${name}=${value}`), ...argv];
  const command = { env: carried, argv: whole };
  refuseLong(command, MOST_ARGUMENT_BYTES);
  return command;
}

const clusterIn = ({ engine }: LaunchMark): SlurmCluster =>
  (engine as { readonly cluster: SlurmCluster }).cluster;

/** What cannot be removed now is removed by `find` or by the next launch of the key. */
const nextTime = (): void => {};

function refusal(error: unknown): unknown {
  if (error instanceof Error && "code" in error && error.code === "E2BIG") return tooLong(undefined, error);
  if (!(error instanceof SlurmRefused)) return error;
  return new MalachiteError("EngineRefused", `Slurm did not take the job: ${error.message}`, {
    cause: error,
  });
}
