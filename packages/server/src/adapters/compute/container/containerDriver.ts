// The driver that runs each launch in a container of Docker or Podman on this machine. The run's folder is a folder of this machine,
// shown to the container; the start script is the container's first process, so its end is the end of all that the run started.
import { mkdir } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  CONTAINER_FOLDER,
  type ComputeDriver,
  type Handle,
  inFolder,
  type Launch,
  type LaunchKey,
  MalachiteError,
  type MeasuredRun,
  type Sighting,
  START_FILES,
  type SteadyClock,
  type TargetSettings,
  type Usage,
} from "@malachite/core";
import { type Engine, EngineRefused, type Engines } from "../../../containers/index.ts";
import { HOME, type ServiceUser } from "../shared/containerHome.ts";
import { diskUsage } from "../shared/diskUsage.ts";
import { type GpuMeter, gpusOfRun } from "../shared/gpuUsage.ts";
import { createLines } from "../shared/inLine.ts";
import { createLaunchHints } from "../shared/launchHints.ts";
import type { LaunchMarks } from "../shared/launchMarks.ts";
import { launchesIn } from "../shared/launchPlaces.ts";
import { createLocalRunFolder } from "../shared/localRunFolder.ts";
import { createLostFolders } from "../shared/lostFolders.ts";
import { isLate, refuseLate } from "../shared/notLate.ts";
import { prepareFolder, type RunPlacer } from "../shared/prepareFolder.ts";
import { prepareCommand } from "../shared/runEnvironment.ts";
import { createRunsRoot, faultOfRoot } from "../shared/runsRoot.ts";
import { exists, readExit, readStartedAt } from "../shared/smallFiles.ts";
import { claimOf, takeClaim } from "../shared/startClaim.ts";
import { type ContainerState, KIND, makeHandle, readHandle } from "./containerHandle.ts";
import { containerSpec, LABELS } from "./containerSpec.ts";
import {
  containersWith,
  createContainer,
  type Found,
  findContainer,
  killContainer,
  lastWords,
  removeContainer,
  signalAll,
  startContainer,
  unpauseContainer,
} from "./containers.ts";
import { faultOfOptions, parseContainerOptions } from "./containerTarget.ts";
import { containerUsage } from "./containerUsage.ts";
import { healthOfEngine } from "./engineHealth.ts";

export type ContainerDriverOptions = {
  /** Absolute path of the folder in which each launch gets one of its own. */
  readonly folder: string;
  /** Tells this service's containers from those of another on the same engine: the id of its data folder. */
  readonly service: string;
  readonly engines: Engines;
  readonly placer: RunPlacer;
  readonly marks: LaunchMarks;
  readonly clock: SteadyClock;
  readonly user: ServiceUser;
  /** None unless told. */
  readonly gpuMeter?: GpuMeter;
};

/** So many containers the engine is asked about at the same time. */
const MEASURED_AT_ONCE = 8;

/** Disposing it ends no run: it only lets go of watches and of cleaning in the background. */
export type ContainerDriver = ComputeDriver & AsyncDisposable;

/** First and longest wait between two looks at a container that is to end, in ms. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;
/** A start script has claimed its folder within milliseconds; after this long it is taken for stuck. */
const BEGIN_WITHIN_MS = 2000;
/** So long the engine may take to remove what was not started. */
const REMOVE_MS = 60_000;
/** Between two tries to kill from inside; after so long in all the engine kills the container as a whole. */
const KILL_AGAIN_MS = 1000;
const KILL_WHOLE_MS = 5000;

/** Starts and opens nothing until its first call. */
export function createContainerDriver(options: ContainerDriverOptions): ContainerDriver {
  const { service, engines, placer, marks, clock, user } = options;
  const root = createRunsRoot(options.folder);
  const hints = createLaunchHints();
  const { gpuMeter = async () => [] } = options;
  const inLine = createLines();
  const lost = createLostFolders(clock);
  const nameOf = (key: LaunchKey): string => `malachite-${service.slice(0, 8)}-${key}`;

  function follow(key: LaunchKey, state: ContainerState): Handle {
    hints.follow(key, root.folder(key));
    return makeHandle(key, state);
  }

  async function launch({ plan: asked, secrets, startBefore }: Launch, signal: AbortSignal): Promise<Handle> {
    const { key } = asked;
    const folder = root.folder(key);
    const plan = inFolder(asked, CONTAINER_FOLDER);
    const target = parseContainerOptions(plan.target);
    if (plan.image === undefined)
      throw new MalachiteError("Unexpected", `The plan of ${key} names no image.`);
    const command = prepareCommand({ plan, secrets }, {}, CONTAINER_FOLDER);
    const engine = await engines.at(target.socket);
    const facts = await engine.facts(signal);
    await root.ready();
    const earlier = await startedOf(engine, key, signal);
    if (earlier !== undefined) return follow(key, earlier);
    const startedAt = clock.now();
    await root.makeWhole(key, async (made) => {
      await prepareFolder(made, plan, placer, {}, signal, CONTAINER_FOLDER);
      await marks.put(made, plan, { socket: engine.socket });
      await mkdir(join(made, HOME), { recursive: true });
    });
    let container: string | undefined;
    try {
      const spec = containerSpec({
        ...{ key, name: nameOf(key), service, plan, image: plan.image, command, options: target, facts },
        ...{ user, folder, startedAt },
      });
      signal.throwIfAborted();
      container = await create(engine, spec, startBefore, signal);
      refuseLate(startBefore, clock);
      await startContainer(engine, container, signal);
      return follow(key, { socket: engine.socket, container, startedAt });
    } catch (error) {
      // Whoever has the lease by now has the folder and the name too.
      if (isLate(startBefore, clock)) await forget(engine, container);
      else await discard(engine, key).catch(nextTime);
      throw refusal(error);
    }
  }

  /** The folder is new, so a container that has the name was made for an earlier one: by a service that was killed meanwhile. */
  async function create(
    engine: Engine,
    spec: Parameters<typeof createContainer>[1],
    startBefore: Launch["startBefore"],
    signal: AbortSignal,
  ): Promise<string> {
    try {
      return await createContainer(engine, spec, signal);
    } catch (error) {
      const isTaken = error instanceof EngineRefused && /already in use/i.test(error.message);
      if (!isTaken) throw error;
      refuseLate(startBefore, clock);
      await removeContainer(engine, spec.name ?? "", signal);
      return createContainer(engine, spec, signal);
    }
  }

  /** A container that will not be started by anybody. */
  async function forget(engine: Engine, container: string | undefined): Promise<void> {
    if (container !== undefined)
      await removeContainer(engine, container, AbortSignal.timeout(REMOVE_MS)).catch(nextTime);
  }

  /** For a launch of which nothing runs: what is left of it would only be in the way. With the claim, nothing begins meanwhile. */
  async function discard(engine: Engine, key: LaunchKey): Promise<void> {
    if (!(await takeClaim(root.folder(key)))) return;
    await removeContainer(engine, nameOf(key), AbortSignal.timeout(REMOVE_MS));
    await root.remove(key);
  }

  /** The launch that has begun; undefined once it is certain that none has and none will. */
  async function startedOf(
    engine: Engine,
    key: LaunchKey,
    signal: AbortSignal,
  ): Promise<ContainerState | undefined> {
    const folder = root.folder(key);
    // The usual case, before each launch: the folder comes first, so without one nothing was ever started.
    while (await exists(folder)) {
      signal.throwIfAborted();
      const found = await findContainer(engine, nameOf(key), signal);
      const claim = await claimOf(folder);
      if (claim === "started" || (claim === undefined && found !== undefined && found.at !== "created"))
        return {
          socket: engine.socket,
          container: found?.id ?? "",
          startedAt: (await readStartedAt(folder)) ?? 0,
        };
      await discard(engine, key);
    }
    return undefined;
  }

  async function find(target: TargetSettings, key: LaunchKey, signal: AbortSignal) {
    await root.ready();
    if (!(await exists(root.folder(key)))) return undefined;
    const engine = await engines.at(parseContainerOptions(target).socket);
    const state = await startedOf(engine, key, signal);
    return state === undefined ? undefined : follow(key, state);
  }

  async function sight(
    engine: Engine,
    handle: Handle,
    at: Found["at"] | undefined,
    signal: AbortSignal,
  ): Promise<Sighting> {
    const { container, startedAt } = readHandle(handle);
    const folder = root.folder(handle.key);
    // What does not run now has written its exit record before.
    const exit = await readExit(folder);
    if (exit !== undefined) {
      hints.drop(handle.key);
      const wasKilled = exit.signal === "SIGKILL" && exit.outOfMemory !== true && at === "ended";
      const facts = wasKilled ? await findContainer(engine, container, signal) : undefined;
      return { at: "ended", ...exit, ...(facts?.outOfMemory ? { outOfMemory: true } : {}) };
    }
    if (at === "running" || at === "paused") {
      hints.follow(handle.key, folder);
      return { at: "running", startedAt };
    }
    if (at === "created") return { at: "waiting" };
    await root.assertPresent();
    const facts = container === "" ? undefined : await findContainer(engine, container, signal);
    if (facts?.outOfMemory) return { at: "ended", code: null, signal: "SIGKILL", outOfMemory: true };
    if (facts === undefined || (await claimOf(folder)) !== undefined) return lost.gone(folder);
    // The image has no shell, or none for this machine: the start script did not even begin.
    const words = facts.error || (await lastWords(engine, container, signal)) || "it said nothing";
    return {
      at: "ended",
      code: facts.code,
      failure: `The container ended before the command began: ${words}`,
    };
  }

  async function observe(handles: readonly Handle[], signal: AbortSignal) {
    const bySocket = Map.groupBy(handles, (handle) => readHandle(handle).socket);
    const seen = new Map<LaunchKey, Sighting>();
    await Promise.all(
      [...bySocket].map(async ([socket, group]) => {
        const engine = await engines.at(socket);
        const all = await containersWith(engine, `${LABELS.service}=${service}`, signal);
        const found = await lost.all(
          group,
          (handle) => sight(engine, handle, all.get(readHandle(handle).container), signal),
          signal,
        );
        for (const [key, sighting] of found) seen.set(key, sighting);
      }),
    );
    return seen;
  }

  /** Resolves when no process of the launch is left. */
  async function end(handle: Handle, graceMs: number, signal: AbortSignal): Promise<Engine> {
    const { socket, container } = readHandle(handle);
    const engine = await engines.at(socket);
    if (container === "") return engine;
    const begun = performance.now();
    let asked = false;
    let forcedAt = Number.NEGATIVE_INFINITY;
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS)) {
      signal.throwIfAborted();
      const found = await findContainer(engine, container, signal);
      if (found === undefined || found.at === "ended" || found.at === "created") return engine;
      const passed = performance.now() - begun;
      if (found.at === "paused") await unpauseContainer(engine, container, signal);
      else if (!asked || passed >= graceMs) {
        // Before, its children are tools of the start script: without them it would neither begin nor end.
        await untilBegun(root.folder(handle.key), passed);
        if (performance.now() - begun < graceMs) {
          asked = true;
          // A stopped process acts on it only when it goes on.
          await signalAll(engine, container, ["TERM", "CONT"], signal);
        } else if (passed > graceMs + KILL_WHOLE_MS) await killContainer(engine, container, signal);
        else if (performance.now() - forcedAt > KILL_AGAIN_MS) {
          asked = true;
          forcedAt = performance.now();
          await signalAll(engine, container, ["KILL"], signal);
        }
      }
      await pause(wait, undefined, { signal }).catch(() => {});
    }
  }

  async function untilBegun(folder: string, passed: number): Promise<void> {
    const deadline = performance.now() + BEGIN_WITHIN_MS - passed;
    while (performance.now() < deadline && !(await exists(join(folder, START_FILES.pids))))
      await pause(FIRST_PAUSE_MS);
  }

  async function release(handle: Handle, signal: AbortSignal): Promise<void> {
    const engine = await end(handle, 0, signal);
    hints.drop(handle.key);
    const { container } = readHandle(handle);
    if (container !== "") {
      await removeContainer(engine, container, signal);
      // One that another call is removing is not gone yet.
      while ((await findContainer(engine, container, signal)) !== undefined) {
        await pause(LONGEST_PAUSE_MS, undefined, { signal });
        await removeContainer(engine, container, signal);
      }
    }
    await root.ready();
    await root.remove(handle.key);
    lost.forget(handle.key);
  }

  /** A container has process ids of its own: only GPUs that it was given are known to be its. */
  async function usage(runs: readonly MeasuredRun[], signal: AbortSignal) {
    const [looks, disk] = await Promise.all([gpuMeter(), diskUsage(root.path)]);
    const known = new Map<LaunchKey, Usage>();
    const waiting = [...runs];
    const work = async (): Promise<void> => {
      for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) {
        const { socket, container } = readHandle(run.handle);
        if (container === "") continue;
        const used = await containerUsage(await engines.at(socket), container, signal);
        if (used === undefined) continue;
        const gpus = gpusOfRun(looks, [], run.gpus ?? []);
        known.set(run.handle.key, {
          at: clock.now(),
          ...used,
          cpus: Math.min(availableParallelism(), used.cpus ?? Number.POSITIVE_INFINITY),
          memoryLimitBytes: Math.min(totalmem(), used.memoryLimitBytes ?? Number.POSITIVE_INFINITY),
          ...(gpus.length === 0 ? {} : { gpus }),
          ...(disk === undefined ? {} : { disk }),
        });
      }
    };
    await Promise.all(Array.from({ length: MEASURED_AT_ONCE }, work));
    return known;
  }

  const driver: ContainerDriver = {
    kind: KIND,
    can: { multiNode: true, images: true, gpus: true },
    async check(target, signal) {
      const reason = faultOfOptions(target) ?? (await faultOfRoot(root));
      return reason === undefined ? healthOfEngine(engines, target, signal) : { usable: false, reason };
    },
    launch: (asked, signal) => inLine(asked.plan.key, () => root.wrapped(() => launch(asked, signal))),
    find: (target, key, signal) => inLine(key, () => root.wrapped(() => find(target, key, signal))),
    async observe(handles, signal) {
      signal.throwIfAborted();
      return root.wrapped(() => observe(handles, signal));
    },
    stop: (handle, graceMs, signal) => root.wrapped(async () => void (await end(handle, graceMs, signal))),
    folder: (handle) => createLocalRunFolder(root.folder(handle.key)),
    release: (handle, signal) => inLine(handle.key, () => root.wrapped(() => release(handle, signal))),
    usage,
    hints: (signal) => hints.stream(signal),
    async [Symbol.asyncDispose]() {
      hints[Symbol.dispose]();
      await root[Symbol.asyncDispose]();
    },
  };
  return {
    ...driver,
    place: launchesIn(root, driver, (key, signal) => inLine(key, () => left(key, signal))),
  };

  /** By the folder alone: with whatever engine the launch was made. To which socket the service speaks is not taken from what the run can write. */
  async function left(key: LaunchKey, signal: AbortSignal): Promise<Handle | undefined> {
    const mark = await marks.read(root.path, key);
    if (mark === undefined)
      throw new MalachiteError(
        "EngineUnavailable",
        `The folder of ${key} does not tell its engine any more.`,
      );
    const engine = await engines.at((mark.engine as { readonly socket: string }).socket);
    const state = await startedOf(engine, key, signal);
    return state === undefined ? undefined : makeHandle(key, state);
  }
}

/** What cannot be removed now is removed by `find` or by the next launch of the key. */
const nextTime = (): void => {};

/** What the engine says no to is the run's end; what it is too busy for may be asked again. */
function refusal(error: unknown): unknown {
  if (!(error instanceof EngineRefused)) return error;
  return new MalachiteError("EngineRefused", `The engine did not start the container: ${error.message}`, {
    cause: error,
  });
}
