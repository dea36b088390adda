// The driver that runs each launch as a Job of a Kubernetes cluster. The run's folder lies on a volume that service and pods see; the
// start script is the pod's first process, so its end is the end of all that the run started.
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  CONTAINER_FOLDER,
  type ComputeDriver,
  type Handle,
  inFolder,
  isMalachiteError,
  type Launch,
  type LaunchKey,
  type LaunchPlan,
  MalachiteError,
  POD_NAMES,
  type Sighting,
  type SteadyClock,
  type TargetHealth,
  type TargetSettings,
} from "@malachite/core";
import type { AwayCourier } from "../courier/index.ts";
import { HOME, type ServiceUser } from "../shared/containerHome.ts";
import { createLines } from "../shared/inLine.ts";
import { createLaunchHints } from "../shared/launchHints.ts";
import type { LaunchMarks } from "../shared/launchMarks.ts";
import { createLocalRunFolder } from "../shared/localRunFolder.ts";
import { createLostFolders } from "../shared/lostFolders.ts";
import { createMarkedPlaces } from "../shared/markedPlaces.ts";
import { refuseLate } from "../shared/notLate.ts";
import { prepareFolder, type RunPlacer } from "../shared/prepareFolder.ts";
import { prepareCommand } from "../shared/runEnvironment.ts";
import { createRunsRoots, faultOfRoot, type RunsRoot } from "../shared/runsRoot.ts";
import { exists } from "../shared/smallFiles.ts";
import { claimOf, takeClaim } from "../shared/startClaim.ts";
import { faultOfReach } from "./awayContainer.ts";
import { ClusterRefused } from "./clusterRefused.ts";
import type { Clusters } from "./clusters.ts";
import { endJob } from "./endJob.ts";
import { createHealth } from "./health.ts";
import { type FolderWay, jobSpec } from "./jobSpec.ts";
import { KIND, type KubernetesState, makeHandle, makeState, readHandle } from "./kubernetesHandle.ts";
import {
  faultOfOptions,
  folderOf,
  type KubernetesOptions,
  parseKubernetesOptions,
} from "./kubernetesTarget.ts";
import { createWhenOver, type MarkedJob } from "./markedJob.ts";
import { createPlaces, type Place } from "./places.ts";
import { planInPods, podCount } from "./podsOfRun.ts";
import { createSightRun } from "./sightRun.ts";
import { isQuota } from "./toldByEvents.ts";
import { TRUST, withTrust } from "./trustInFolder.ts";

export type KubernetesDriverOptions = {
  readonly clusters: Clusters;
  /** Tells this service's jobs from those of another in the same namespace: the id of its data folder. */
  readonly service: string;
  readonly placer: RunPlacer;
  readonly marks: LaunchMarks;
  readonly clock: SteadyClock;
  readonly user: ServiceUser;
  /** Carries the files of runs whose target has no volume. */
  readonly courier: AwayCourier;
  /** PEM of who has signed the service's certificate: pods that reach it trust that. */
  readonly authority: string;
  /** Where runs call the service. */
  readonly serviceUrl: () => string;
};

/** Disposing it ends no run: it only lets go of watches and of cleaning in the background. */
export type KubernetesDriver = ComputeDriver & AsyncDisposable;

/** On the volume: the folder in which each launch gets one of its own. */
const RUNS = "malachite-runs";

/** Starts and opens nothing until its first call. */
export function createKubernetesDriver(options: KubernetesDriverOptions): KubernetesDriver {
  const { clusters, service, placer, marks, clock, user, courier, authority, serviceUrl } = options;
  const hints = createLaunchHints();
  const places = createPlaces({ clusters, service, clock, onChange: (key) => hints.tell(key) });
  const roots = createRunsRoots();
  const inLine = createLines();
  const lost = createLostFolders(clock);
  const sights = createSightRun({
    clock,
    hints,
    lost,
    assertPresent: (runs) => roots.at(runs).assertPresent(),
    courier,
  });
  const health = createHealth(clock);

  const jobName = (key: LaunchKey): string => `m${service.replaceAll("-", "").slice(0, 8)}-${key}`;
  const placeOf = ({ kubeconfig, context, namespace }: KubernetesOptions | KubernetesState): Promise<Place> =>
    places.at({
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
      ...(namespace === undefined ? {} : { namespace }),
    });

  const marked = createMarkedPlaces({ marks, inLine, whenOver: createWhenOver(placeOf) });

  /** The options of a target, and where its runs lie: no volume where a courier carries their files. */
  function read(target: TargetSettings) {
    const parsed = parseKubernetesOptions(target);
    const folder = folderOf(parsed);
    const volume = folder === undefined ? undefined : { folder, root: roots.at(join(folder, RUNS)) };
    return { parsed, volume };
  }

  function follow(key: LaunchKey, state: KubernetesState): Handle {
    hints.follow(key, state.runs === undefined ? courier.homePath(key) : join(state.runs, key));
    return makeHandle(key, state);
  }

  const stateOf = (
    key: LaunchKey,
    parsed: KubernetesOptions,
    { namespace }: Place,
    root: RunsRoot | undefined,
  ): KubernetesState => makeState(parsed, { namespace, job: jobName(key), runs: root?.path });

  async function awayState(
    key: LaunchKey,
    parsed: KubernetesOptions,
    place: Place,
  ): Promise<KubernetesState> {
    const logs = await courier.nodeLogs(key);
    return { ...stateOf(key, parsed, place, undefined), ...(logs === undefined ? {} : { logs }) };
  }

  function specOf(plan: LaunchPlan, parsed: KubernetesOptions, way: FolderWay) {
    if (plan.image === undefined)
      throw new MalachiteError(
        "UnsupportedField",
        `Neither the run nor the compute target '${plan.target.name}' names an image. Give environment.docker.baseImage, or the option image of the target.`,
        { target: "configuration.environment.docker.baseImage" },
      );
    return jobSpec({
      ...{ key: plan.key, name: jobName(plan.key), service, plan, image: plan.image },
      ...{ options: parsed, user, way },
    });
  }

  async function launchAway(given: Launch, parsed: KubernetesOptions, signal: AbortSignal): Promise<Handle> {
    const { secrets, startBefore } = given;
    const pods = podCount(given.plan, parsed);
    const plan = planInPods(given.plan, pods);
    const asked = { ...given, plan };
    const { key } = plan;
    const parts = { program: await courier.program(), secrets, authority };
    const made = specOf(plan, parsed, { is: "away", parts });
    const place = await placeOf(parsed);
    if ((await courier.has(key)) && (await place.jobs.find(jobName(key), signal)) !== undefined)
      return follow(key, await awayState(key, parsed, place));
    signal.throwIfAborted();
    await courier.pack(asked, signal, pods > 1 ? "apart" : undefined);
    const state = await awayState(key, parsed, place);
    try {
      refuseLate(startBefore, clock);
      place.watch.learn(await place.jobs.create(made, signal));
      return follow(key, state);
    } catch (error) {
      // What was not answered may have been heard, and `find` tells.
      if (error instanceof ClusterRefused) await courier.forget(key);
      throw refusal(error, place);
    }
  }

  async function launchOnVolume(
    { plan: given, secrets, startBefore }: Launch,
    parsed: KubernetesOptions,
    { folder: volumeFolder, root }: { readonly folder: string; readonly root: RunsRoot },
    signal: AbortSignal,
  ): Promise<Handle> {
    const pods = podCount(given, parsed);
    const asked = planInPods(given, pods);
    const { key } = asked;
    const folder = root.folder(key);
    const { plan, trust } = withTrust(inFolder(asked, CONTAINER_FOLDER), folder);
    const command = prepareCommand({ plan, secrets }, {}, CONTAINER_FOLDER);
    const hidden = new Set(Object.keys(secrets));
    const way: FolderWay = { is: "volume", command, secrets: hidden, folder, volumeFolder };
    const made = specOf(plan, parsed, way);
    const place = await placeOf(parsed);
    await root.ready();
    signal.throwIfAborted();
    const state = stateOf(key, parsed, place, root);
    if (await hasStarted(place, root, key, signal)) return follow(key, state);
    await root.makeWhole(key, async (made) => {
      await prepareFolder(made, plan, placer, {}, signal, CONTAINER_FOLDER);
      await marks.put(made, plan, { ...state, server: place.cluster.server } satisfies MarkedJob);
      if (trust !== undefined) await copyFile(trust, join(made, TRUST));
      await mkdir(join(made, HOME), { recursive: true });
      if (pods > 1) await mkdir(join(made, POD_NAMES.folder), { recursive: true });
      signal.throwIfAborted();
    });
    try {
      refuseLate(startBefore, clock);
      place.watch.learn(await place.jobs.create(made, signal));
      return follow(key, state);
    } catch (error) {
      // What was not answered may have been heard: then the folder is in use, and `find` tells.
      if (error instanceof ClusterRefused) await discard(place, root, key, signal).catch(nextTime);
      throw refusal(error, place);
    }
  }

  /** Whether the launch has begun; when it has not, what is left of it is gone afterwards. */
  async function hasStarted(
    place: Place,
    root: RunsRoot,
    key: LaunchKey,
    signal: AbortSignal,
  ): Promise<boolean> {
    // The usual case, before each launch: the folder comes first, so without one nothing was ever started.
    while (await exists(root.folder(key))) {
      const job = await place.jobs.find(jobName(key), signal);
      if (job !== undefined) place.watch.learn(job);
      const claim = await claimOf(root.folder(key));
      if (claim === "started" || (claim === undefined && job !== undefined)) return true;
      await discard(place, root, key, signal);
    }
    return false;
  }

  async function discard(place: Place, root: RunsRoot, key: LaunchKey, signal: AbortSignal): Promise<void> {
    // With the claim, no pod of it begins any more, whoever is just about to make its job.
    if (!(await takeClaim(root.folder(key)))) return;
    await place.jobs.remove({ name: jobName(key) }, signal);
    await root.remove(key);
  }

  async function find(
    target: TargetSettings,
    key: LaunchKey,
    signal: AbortSignal,
  ): Promise<Handle | undefined> {
    const { parsed, volume } = read(target);
    if (volume === undefined) return findAway(parsed, key, signal);
    const { root } = volume;
    await root.ready();
    if (!(await exists(root.folder(key)))) return undefined;
    const place = await placeOf(parsed);
    if (!(await hasStarted(place, root, key, signal))) return undefined;
    return follow(key, stateOf(key, parsed, place, root));
  }

  async function findAway(
    parsed: KubernetesOptions,
    key: LaunchKey,
    signal: AbortSignal,
  ): Promise<Handle | undefined> {
    // The home comes before the job, and last of what is laid ready: a kill meanwhile leaves a parcel without one.
    if (!(await courier.has(key))) return void (await courier.forget(key));
    const place = await placeOf(parsed);
    const job = await place.jobs.find(jobName(key), signal);
    if (job !== undefined) place.watch.learn(job);
    if (job !== undefined || (await courier.sight(key))?.at === "ended")
      return follow(key, await awayState(key, parsed, place));
    await place.jobs.remove({ name: jobName(key) }, signal);
    await courier.forget(key);
    return undefined;
  }

  async function observe(handles: readonly Handle[], signal: AbortSignal) {
    const byPlace = Map.groupBy(handles, (handle) => {
      const { kubeconfig, context, namespace } = readHandle(handle);
      return JSON.stringify([kubeconfig, context, namespace]);
    });
    const seen = new Map<LaunchKey, Sighting>();
    const failed: unknown[] = [];
    await Promise.all(
      [...byPlace.values()].map(async (group) => {
        try {
          const place = await placeOf(readHandle(group[0] as Handle));
          await place.watch.current(signal);
          const found = await lost.all(group, (handle) => sights.sight(place, handle, signal), signal);
          for (const [key, sighting] of found) seen.set(key, sighting);
        } catch (error) {
          signal.throwIfAborted();
          failed.push(error);
        }
      }),
    );
    // One cluster that does not answer holds up no other.
    if (seen.size === 0 && failed.length > 0) throw failed[0];
    return seen;
  }

  async function release(handle: Handle, signal: AbortSignal): Promise<void> {
    const { runs, job } = readHandle(handle);
    const place = await placeOf(readHandle(handle));
    await endJob(place, handle, 0, signal);
    hints.drop(handle.key);
    await place.jobs.remove({ name: job }, signal);
    place.watch.forget(handle.key);
    if (runs === undefined) await courier.forget(handle.key);
    else {
      await roots.at(runs).ready();
      await roots.at(runs).remove(handle.key);
    }
    lost.forget(handle.key);
    sights.forget(handle.key);
  }

  async function check(target: TargetSettings, signal: AbortSignal): Promise<TargetHealth> {
    const fault = faultOfOptions(target);
    if (fault !== undefined) return { usable: false, reason: fault };
    try {
      const { parsed, volume } = read(target);
      const ofFiles =
        volume === undefined ? faultOfReach(target.name, serviceUrl()) : await faultOfRoot(volume.root);
      const reason = ofFiles ?? (await health(await placeOf(parsed), parsed, signal));
      return reason === undefined ? { usable: true } : { usable: false, reason };
    } catch (error) {
      if (isMalachiteError(error)) return { usable: false, reason: error.message };
      throw error;
    }
  }

  async function wrapped<T>(runs: string | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await (runs === undefined ? work() : roots.at(runs).wrapped(work));
    } catch (error) {
      if (!(error instanceof ClusterRefused)) throw error;
      throw new MalachiteError("EngineUnavailable", `The cluster refused: ${error.message}`, {
        cause: error,
      });
    }
  }
  const runsOf = (target: TargetSettings): string | undefined => read(target).volume?.root.path;

  return {
    kind: KIND,
    can: { multiNode: true, images: true, gpus: true },
    check,
    isAway: (target) => faultOfOptions(target) === undefined && read(target).volume === undefined,
    launch: async (asked, signal) =>
      inLine(asked.plan.key, () =>
        wrapped(runsOf(asked.plan.target), async () => {
          const { parsed, volume } = read(asked.plan.target);
          if (volume === undefined) return launchAway(asked, parsed, signal);
          return launchOnVolume(asked, parsed, volume, signal);
        }),
      ),
    find: async (target, key, signal) =>
      inLine(key, () => wrapped(runsOf(target), () => find(target, key, signal))),
    async observe(handles, signal) {
      signal.throwIfAborted();
      return handles.length === 0 ? new Map() : observe(handles, signal);
    },
    async stop(handle, graceMs, signal) {
      await wrapped(readHandle(handle).runs, async () =>
        endJob(await placeOf(readHandle(handle)), handle, graceMs, signal),
      );
    },
    folder(handle) {
      const { runs, logs } = readHandle(handle);
      if (runs === undefined) return courier.folder(handle.key, logs);
      return createLocalRunFolder(roots.at(runs).folder(handle.key));
    },
    release: async (handle, signal) =>
      inLine(handle.key, () => wrapped(readHandle(handle).runs, () => release(handle, signal))),
    placeAt(target) {
      const root = faultOfOptions(target) === undefined ? read(target).volume?.root : undefined;
      return root && marked.at(root);
    },
    hints: (signal) => hints.stream(signal),
    async [Symbol.asyncDispose]() {
      hints[Symbol.dispose]();
      places[Symbol.dispose]();
      await roots[Symbol.asyncDispose]();
    },
  };
}

/** What cannot be removed now is removed by `find` or by the next launch of the key. */
const nextTime = (): void => {};

/** What the cluster says no to is the run's end, but for what it may allow later. */
function refusal(error: unknown, { cluster, namespace }: Place): unknown {
  if (!(error instanceof ClusterRefused)) return error;
  const text = `${cluster.server} did not take the job into the namespace '${namespace}': ${error.message}`;
  return new MalachiteError(isQuota(error.message) ? "EngineUnavailable" : "EngineRefused", text, {
    cause: error,
  });
}
