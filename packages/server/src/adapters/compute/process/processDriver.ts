// The driver that runs on this machine: each launch is a folder, a start script and, where there are any, control groups.
import { existsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { setImmediate as breath } from "node:timers/promises";
import {
  type Clock,
  type ComputeDriver,
  environmentTools,
  type Handle,
  inFolder,
  type Launch,
  type LaunchKey,
  MalachiteError,
  type MeasuredRun,
  type Sighting,
  START_FILES,
  START_SCRIPT_NAME,
  type Usage,
} from "@malachite/core";
import type { MachineTools } from "../../shared/machineTools.ts";
import { tooLong } from "../shared/argumentLengths.ts";
import { diskUsage } from "../shared/diskUsage.ts";
import { type GpuMeter, gpusOfRun } from "../shared/gpuUsage.ts";
import { createLines } from "../shared/inLine.ts";
import { createLaunchHints } from "../shared/launchHints.ts";
import { launchesIn } from "../shared/launchPlaces.ts";
import { createLocalRunFolder } from "../shared/localRunFolder.ts";
import { createLostFolders } from "../shared/lostFolders.ts";
import { machineNetwork } from "../shared/networkUsage.ts";
import { placeMounts, removeMounts } from "../shared/placeMounts.ts";
import { prepareFolder, type RunPlacer } from "../shared/prepareFolder.ts";
import { MARKS, prepareCommand } from "../shared/runEnvironment.ts";
import { createRunsRoot, faultOfRoot } from "../shared/runsRoot.ts";
import { withTools } from "../shared/runTools.ts";
import { exists, readExit } from "../shared/smallFiles.ts";
import { takeClaim } from "../shared/startClaim.ts";
import { type Cgroups, removeGroups } from "./cgroups.ts";
import { endTree } from "./endTree.ts";
import { findStarted, scriptOf } from "./findStarted.ts";
import { type Launcher, LauncherLost, type Spawned, SpawnRefused } from "./launcher.ts";
import { endLeftovers } from "./leftovers.ts";
import { KIND, makeHandle, type ProcessState, readHandle } from "./processHandle.ts";
import { bootId, findAlive, listProcesses, type ProcessRow } from "./processTable.ts";
import { faultOfOptions, parseProcessOptions } from "./processTarget.ts";
import { treeUsage } from "./treeUsage.ts";

export type ProcessDriverOptions = {
  /** Absolute path of the folder in which each launch gets one of its own. */
  readonly folder: string;
  readonly placer: RunPlacer;
  readonly launcher: Launcher;
  readonly clock: Clock;
  /** From detectCgroups, or noCgroups. */
  readonly cgroups: Cgroups;
  /** What runs inherit, from inheritedEnvironment. */
  readonly inherited: Readonly<Record<string, string>>;
  /** The POSIX shell; /bin/sh unless told. */
  readonly shell?: string;
  /** How long a folder that cannot be read is waited for; ten minutes unless told. */
  readonly lostAfterMs?: number;
  /** None unless told. */
  readonly gpuMeter?: GpuMeter;
  /** Looks whether the tools for environments that targets name are there. */
  readonly tools?: Pick<MachineTools, "faultOf">;
  /** Other servers may start runs in the same folder. */
  readonly shared?: boolean;
};

/** The process driver. Disposing it ends no run: it only lets go of watches and of cleaning in the background. */
export type ProcessDriver = ComputeDriver & AsyncDisposable;

/** A launcher that dies this often in a row does so for a reason. */
const LAUNCHER_TRIES = 3;
/** Troubles of the moment; others are of the command itself. */
const PASSING = new Set(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE", "EINTR"]);

/** Starts and opens nothing until its first call. */
export function createProcessDriver(options: ProcessDriverOptions): ProcessDriver {
  const { placer, launcher, clock, cgroups, inherited, tools, shell = "/bin/sh" } = options;
  const root = createRunsRoot(options.folder, () => endLeftovers(options.folder, cgroups, options.shared));
  const hints = createLaunchHints();
  const { gpuMeter = async () => [] } = options;
  const inLine = createLines();
  const lost = createLostFolders(clock, options.lostAfterMs);

  const treeOf = (key: LaunchKey, state: ProcessState) => ({
    script: state.script,
    group: state.group,
    mark: { name: MARKS.folder, value: root.folder(key) },
    begun: join(root.folder(key), START_FILES.pids),
  });

  function follow(key: LaunchKey, state: ProcessState): Handle {
    hints.follow(key, root.folder(key));
    return makeHandle(key, state);
  }

  async function launch(launch: Launch, signal: AbortSignal): Promise<Handle> {
    const folder = root.folder(launch.plan.key);
    const plan = inFolder(launch.plan, folder);
    const limits = parseProcessOptions(plan.target, cgroups);
    const asked = { plan, secrets: launch.secrets };
    const command = withTools(prepareCommand(asked, inherited, folder), asked);
    await root.ready();
    const earlier = await startedIn(plan.key, signal);
    if (earlier !== undefined) return follow(plan.key, earlier);
    // Made whole before it has its name: of two servers, one that has lost its lease and does not know it, only one gets that.
    let group: readonly string[] = [];
    try {
      await root.makeWhole(plan.key, async (made) => {
        group = cgroups.create(plan.key, limits);
        await prepareFolder(made, { ...plan, mounts: undefined }, placer, { group }, signal);
        signal.throwIfAborted();
      });
    } catch (error) {
      if (!(await exists(folder))) await removeGroups(group);
      throw error;
    }
    try {
      await placeMounts(folder, plan);
      signal.throwIfAborted();
    } catch (error) {
      await discard(plan.key, group).catch(nextTime);
      throw error;
    }
    // The other server may have taken them away.
    if (options.shared) cgroups.create(plan.key, limits);
    return follow(plan.key, await start(plan.key, group, command, launch.startBefore));
  }

  /** What has begun of the launch; undefined once it is certain that nothing has and nothing will. */
  async function startedIn(key: LaunchKey, signal: AbortSignal): Promise<ProcessState | undefined> {
    const folder = root.folder(key);
    // The usual case, before each launch: the folder comes first, so without one nothing was ever started.
    while (await exists(folder)) {
      const state = await findStarted(folder, signal);
      // Those of its note are where the service was when it made them; without that, they are looked for where it is now.
      if (state?.group.length === 0) return { ...state, group: cgroups.of(key).filter(existsSync) };
      if (state !== undefined) return state;
      // Half made by a service that was killed: nothing runs, so nothing of it stays.
      await discard(key, cgroups.of(key));
    }
    return undefined;
  }

  /** From here on an abort is of no use: the start takes milliseconds, and half of it is none. */
  async function start(
    key: LaunchKey,
    group: readonly string[],
    { env, argv }: ReturnType<typeof prepareCommand>,
    startBefore: Launch["startBefore"],
  ): Promise<ProcessState> {
    const boot = bootId();
    const folder = root.folder(key);
    for (let tries = 1; ; tries++) {
      const startedAt = clock.now();
      const groups = group.flatMap((directory) => ["--cgroup", directory]);
      const script = `${folder}/${START_SCRIPT_NAME}`;
      const args = [script, folder, "--at", String(startedAt), ...groups, "--", ...argv];
      try {
        cgroups.warm();
        const before = startBefore?.();
        const spawned: Spawned = await launcher.spawn({
          ...{ program: shell, args, env, cwd: folder },
          ...(before === undefined ? {} : { before }),
        });
        return { script: { ...spawned, boot }, group, startedAt };
      } catch (error) {
        if (error instanceof SpawnRefused) {
          // Whoever has the lease by now has the folder too.
          if (error.code === "TOO_LATE") throw refusal(error);
          await discard(key, group).catch(nextTime);
          throw refusal(error);
        }
        if (!(error instanceof LauncherLost)) throw error;
        // It may have started it before it died.
        const state = await findStarted(folder, new AbortController().signal);
        if (state !== undefined) return { ...state, group };
        if (tries === LAUNCHER_TRIES) {
          await discard(key, group).catch(nextTime);
          throw new MalachiteError("EngineUnavailable", `Runs cannot be started: ${error.message}`, {
            cause: error,
          });
        }
      }
    }
  }

  /** For a launch of which nothing runs: what is left of it would only be in the way. */
  async function discard(key: LaunchKey, group: readonly string[]): Promise<void> {
    // In its claim's place no start script begins any more, whoever is just about to start one.
    if (!(await takeClaim(root.folder(key)))) return;
    await removeGroups(group);
    await removeMounts(root.folder(key));
    await root.remove(key);
  }

  async function find(key: LaunchKey, signal: AbortSignal): Promise<Handle | undefined> {
    await root.ready();
    const state = await startedIn(key, signal);
    return state === undefined ? undefined : follow(key, state);
  }

  async function sight(handle: Handle, boot: string, signal: AbortSignal): Promise<Sighting> {
    const state = readHandle(handle);
    const folder = root.folder(handle.key);
    for (let { script } = state; ; ) {
      // In this order: what is not alive now has written its exit record before.
      const alive = findAlive(script, boot) !== undefined;
      const exit = await readExit(folder).catch((error: unknown) => {
        if (!alive) throw error;
        return undefined;
      });
      if (exit !== undefined) {
        hints.drop(handle.key);
        return { at: "ended", ...exit };
      }
      if (alive) {
        hints.follow(handle.key, folder);
        return { at: "running", startedAt: state.startedAt };
      }
      await root.assertPresent();
      const holder = await scriptOf(folder, { ...state, script }, boot, signal);
      if (holder.pid === script.pid && holder.startTime === script.startTime) return lost.gone(folder);
      script = holder;
    }
  }

  async function end(handle: Handle, graceMs: number, signal: AbortSignal): Promise<ProcessState> {
    const state = readHandle(handle);
    const script = await scriptOf(root.folder(handle.key), state, bootId(), signal);
    await endTree(treeOf(handle.key, { ...state, script }), graceMs, signal);
    return state;
  }

  async function release(handle: Handle, signal: AbortSignal): Promise<void> {
    const state = await end(handle, 0, signal);
    hints.drop(handle.key);
    if (!(await removeGroups(state.group))) {
      const text = `The control group of ${handle.key} cannot be removed yet.`;
      throw new MalachiteError("EngineUnavailable", text);
    }
    await root.ready();
    await removeMounts(root.folder(handle.key));
    await root.remove(handle.key);
    lost.forget(handle.key);
  }

  async function usage(runs: readonly MeasuredRun[], signal: AbortSignal) {
    const [gpus, disk] = await Promise.all([gpuMeter(), diskUsage(root.path)]);
    const network = machineNetwork();
    let family: readonly ProcessRow[] | undefined;
    const known = new Map<LaunchKey, Usage>();
    const machine = { cpus: availableParallelism(), memoryLimitBytes: totalmem() };
    for (const { handle, gpus: given } of runs) {
      signal.throwIfAborted();
      const { script, group } = readHandle(handle);
      const tree = await treeUsage(group, script.pid, () => {
        family ??= listProcesses();
        return family;
      });
      await breath();
      if (tree === undefined) continue;
      const { pids, ...used } = tree;
      const own = gpusOfRun(gpus, pids, given);
      known.set(handle.key, {
        at: clock.now(),
        ...machine,
        ...used,
        ...(own.length === 0 ? {} : { gpus: own }),
        ...(disk === undefined ? {} : { disk }),
        ...(network === undefined ? {} : { network }),
      });
    }
    return known;
  }

  const driver: ProcessDriver = {
    kind: KIND,
    can: { multiNode: true, images: false, gpus: true },
    async check(target, signal) {
      const reason =
        faultOfOptions(target, cgroups) ??
        (await faultOfRoot(root)) ??
        (await tools?.faultOf(environmentTools(target), signal));
      return reason === undefined ? { usable: true } : { usable: false, reason };
    },
    launch: (asked, signal) => inLine(asked.plan.key, () => root.wrapped(() => launch(asked, signal))),
    find: (_target, key, signal) => inLine(key, () => root.wrapped(() => find(key, signal))),
    async observe(handles, signal) {
      signal.throwIfAborted();
      return root.wrapped(async () => {
        const boot = bootId();
        return lost.all(handles, (handle) => sight(handle, boot, signal), signal);
      });
    },
    async stop(handle, graceMs, signal) {
      await root.wrapped(() => end(handle, graceMs, signal));
    },
    folder: (handle) => createLocalRunFolder(root.folder(handle.key)),
    release: (handle, signal) => inLine(handle.key, () => root.wrapped(() => release(handle, signal))),
    ...(process.platform === "linux" ? { usage } : {}),
    hints: (signal) => hints.stream(signal),
    async [Symbol.asyncDispose]() {
      hints[Symbol.dispose]();
      await root[Symbol.asyncDispose]();
      cgroups.close();
    },
  };
  const found = (key: LaunchKey, signal: AbortSignal) =>
    inLine(key, () => root.wrapped(() => find(key, signal)));
  return { ...driver, place: launchesIn(root, driver, found) };
}

/** What cannot be removed now is removed by `find` or by the next launch of the key. */
const nextTime = (): void => {};

function refusal(error: SpawnRefused): MalachiteError {
  if (error.code === "TOO_LATE")
    return new MalachiteError("EngineUnavailable", "The run is not started before its lease is renewed.");

  if (error.code === "E2BIG") return tooLong(undefined, error);
  const hint = PASSING.has(error.code) ? " It may work later." : "";
  const text = `The system did not start the run: ${error.message} (${error.code}).${hint}`;
  return new MalachiteError("EngineUnavailable", text, { cause: error });
}
