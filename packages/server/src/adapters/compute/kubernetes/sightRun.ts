// Where a run is, from what its job and pods say and what lies in its folder. Remembers only since when a launch fails to start.
import { join } from "node:path";
import {
  type Clock,
  type ExitReport,
  type Handle,
  type LaunchKey,
  RUN_FOLDER,
  type Sighting,
  START_FILES,
} from "@malachite/core";
import type { AwayCourier } from "../courier/index.ts";
import type { LaunchHints } from "../shared/launchHints.ts";
import type { LostFolders } from "../shared/lostFolders.ts";
import { exists, readExit, readSmallFile, readStartedAt } from "../shared/smallFiles.ts";
import { lookAgain } from "./endJob.ts";
import { isOver, type PodFacts } from "./facts.ts";
import { readHandle } from "./kubernetesHandle.ts";
import type { Seen } from "./namespaceWatch.ts";
import type { Place } from "./places.ts";
import { type PodSight, sightPartly, sightPods, takenAway } from "./sightPods.ts";
import { isQuota } from "./toldByEvents.ts";

export type SightRunOptions = {
  readonly clock: Pick<Clock, "now">;
  readonly hints: LaunchHints;
  readonly lost: LostFolders;
  /** Throws EngineUnavailable when the folder of the runs is not there at all. */
  readonly assertPresent: (runs: string) => Promise<void>;
  /** For runs whose files it carries. */
  readonly courier: Pick<AwayCourier, "homePath" | "sight" | "lacking">;
};

export type SightRun = {
  /** Ask it of a place whose watch is current. */
  sight(place: Place, handle: Handle, signal: AbortSignal): Promise<Sighting>;
  forget(key: LaunchKey): void;
};

const REMOVED = "Its job was removed from the cluster, and not by this service.";
/** A node that takes longer than that to make a container has something to say. */
const MADE_WITHIN_MS = 3000;
/** A network file system shows a file that a node has written within so long. */
const RECORD_WITHIN_MS = 5000;

type Stage = "making" | "failing" | "over";

export function createSightRun({ clock, hints, lost, assertPresent, courier }: SightRunOptions): SightRun {
  /** When a launch was first seen to be made by a node, to fail to start, or to be over without a record. */
  const since = new Map<LaunchKey, { readonly what: Stage; readonly at: number }>();

  async function sight(place: Place, handle: Handle, signal: AbortSignal): Promise<Sighting> {
    const { key } = handle;
    const { job, runs, startMs } = readHandle(handle);
    const folder = runs === undefined ? courier.homePath(key) : join(runs, key);
    let seen = place.watch.seen(key);
    let sighted = sightPods(seen, failingMs(key), startMs);
    if (sighted.at === "unknown") {
      // A job that the list does not hold is gone only when it is not there by its name either.
      const facts = await place.jobs.find(job, signal);
      if (facts !== undefined) {
        place.watch.learn(facts);
        for (const pod of await place.jobs.pods(key, signal)) place.watch.learn(pod);
        seen = place.watch.seen(key);
        sighted = sightPods(seen, failingMs(key), startMs);
      }
    }
    if (sighted.at === "over" || sighted.at === "unknown") await lookAgain(folder);
    // What does not run now has written its exit record before.
    const exit = await readExit(folder);
    if (exit !== undefined) {
      const goesOn: Sighting = sighted.at === "running" ? sighted : { at: "running" };
      const lacking = runs === undefined ? await courier.lacking(key) : [];
      // The others of its pods still bring home what they have.
      if (lacking.some((node) => seen.pods.some((pod) => pod.index === node && brings(pod, exit))))
        return goesOn;
      const group = (seen.job?.pods ?? 1) > 1 ? await readGroupEnd(folder) : undefined;
      const wasKilled = (exit.signal === "SIGKILL" || group?.lost !== undefined) && exit.outOfMemory !== true;
      const byMemory = wasKilled && seen.pods.some((pod) => pod.end?.reason === "OOMKilled");
      const taken = byMemory ? undefined : takenFrom(seen, exit, group, lacking);
      // Whether it was for memory, the node tells when the pod has ended too; and so what the cluster has to say of a pod that was lost.
      const mayTell = seen.pods.some((pod) => !isOver(pod) && pod.disrupted === undefined);
      const unsaid = runs === undefined && wasKilled && !byMemory && mayTell && seen.job?.stopped !== true;
      if (unsaid && mark(key, "over") < RECORD_WITHIN_MS) return goesOn;
      hints.drop(key);
      since.delete(key);
      return taken ?? { at: "ended", ...exit, ...(byMemory ? { outOfMemory: true } : {}) };
    }
    const partly = sighted.at === "running" ? sightPartly(seen) : undefined;
    const meets = runs === undefined && partly?.at === "waiting";
    if (partly !== undefined && !meets && (await readStartedAt(folder)) === undefined) sighted = partly;
    if (sighted.at === "podless")
      sighted = await sightPodless(place, job, sighted.words ?? "", failingMs(key) >= startMs, signal);
    if (sighted.at === "waiting" && seen.pods.some(({ node }) => node !== undefined)) {
      // A node tells the cluster a second or so after the start script has begun.
      const startedAt = await readStartedAt(folder);
      if (startedAt !== undefined) sighted = { at: "running", startedAt };
    }
    if (runs !== undefined) await assertPresent(runs);
    else if (sighted.at === "running" && (await readStartedAt(folder)) === undefined)
      sighted = await beforeStart(key);
    switch (sighted.at) {
      case "running":
        hints.follow(key, folder);
        since.delete(key);
        return sighted;
      case "waiting": {
        hints.follow(key, folder);
        const { failing, making, ...waiting } = sighted;
        if (making !== undefined) return { ...waiting, ...(await whyUnmade(place, key, making, signal)) };
        if (failing) mark(key, "failing");
        else since.delete(key);
        return waiting;
      }
      case "ended":
        return sighted;
      case "over":
        if (seen.job?.asked) return lost.gone(folder);
        if (mark(key, "over") < RECORD_WITHIN_MS) return { at: "running" };
        return sightLost(folder, seen.leaving === undefined ? sighted : takenAway(seen.leaving));
      default:
        return sightRemoved(folder, seen);
    }
  }

  /** Its folder is there and holds no exit record: the engine's words are all there is. */
  async function sightLost(
    folder: string,
    { words, as }: Pick<Extract<PodSight, { at: "over" }>, "words" | "as">,
  ): Promise<Sighting> {
    const gone = await lost.gone(folder);
    if (gone.at !== "gone" || gone.why !== undefined) return gone;
    const files = [START_FILES.claim, START_FILES.pids].map((name) => exists(join(folder, name)));
    if ((await Promise.all(files)).includes(true))
      return { at: "gone", taken: words, ...(as === undefined ? {} : { as }) };
    // The image has no shell, or none for this machine: the start script did not even begin.
    return { at: "ended", code: null, failure: `The container ended before the command began: ${words}` };
  }

  /** Nothing of it is in the cluster, and it was not this service that saw to that. */
  async function sightRemoved(folder: string, { leaving }: Seen): Promise<Sighting> {
    const gone = await lost.gone(folder);
    if (gone.at !== "gone" || gone.why !== undefined) return gone;
    const { words, as } = leaving === undefined ? { words: REMOVED } : takenAway(leaving);
    return { at: "gone", taken: words, ...(as === undefined ? {} : { as }) };
  }

  /** Its pod runs, and the script does not yet: the courier is at work. */
  async function beforeStart(key: LaunchKey): Promise<PodSight> {
    const seen = await courier.sight(key);
    const why = seen?.at === "waiting" ? seen.why : undefined;
    return { at: "waiting", why: why ?? "Its pod has begun, and fetches what the run is made of." };
  }

  async function sightPodless(
    place: Place,
    job: string,
    others: string,
    isLate: boolean,
    signal: AbortSignal,
  ): Promise<PodSight> {
    const message = await place.whyPodless(job, signal);
    if (message === undefined) return { at: "waiting", ...(others === "" ? {} : { why: others.trim() }) };
    const words = `${others}Kubernetes makes no ${others === "" ? "pod for it" : "further one"}: ${message}`;
    if (isQuota(message)) return { at: "waiting", why: words };
    return isLate
      ? { at: "ended", code: null, failure: words }
      : { at: "waiting", why: words, failing: true };
  }

  /** What holds up the node, once it takes longer than usual: it tries again and again, so the run waits. */
  async function whyUnmade(
    place: Place,
    key: LaunchKey,
    { name, node }: PodFacts,
    signal: AbortSignal,
  ): Promise<{ why?: string }> {
    if (mark(key, "making") < MADE_WITHIN_MS) return {};
    const message = await place.whyUnmade(name, signal);
    if (message === undefined) return {};
    return { why: `Node ${node} cannot make the container of pod ${name} yet: ${message}` };
  }

  /** How long it has been like that, in ms. */
  function mark(key: LaunchKey, what: Stage): number {
    const known = since.get(key);
    if (known?.what === what) return clock.now() - known.at;
    since.set(key, { what, at: clock.now() });
    return 0;
  }

  function failingMs(key: LaunchKey): number {
    const known = since.get(key);
    return known?.what === "failing" ? clock.now() - known.at : 0;
  }

  return {
    sight,
    forget: (key) => {
      since.delete(key);
    },
  };
}

/**
 * A record of a run that ended because the cluster took a pod away, or lost one: it was stopped by the hook of that pod, or as the rest of
 * its group. What a run ends with by itself says more. `lacking`: nodes whose pods have ended, and whose last files have not come home.
 */
function takenFrom(
  { job, leaving: pod }: Seen,
  exit: ExitReport,
  group: GroupEnd | undefined,
  lacking: readonly number[],
): Sighting | undefined {
  if (job?.asked) return undefined;
  const [without] = lacking;
  const bySignal = exit.signal === "SIGTERM" || exit.signal === "SIGKILL";
  const isCut = exit.code === 0 ? without !== undefined : bySignal || group !== undefined;
  if (pod !== undefined && isCut) {
    const { words, as } = takenAway(pod);
    return { at: "gone", taken: words, ...(as === undefined ? {} : { as }) };
  }
  if (exit.code === 0 && without !== undefined)
    return {
      at: "gone",
      taken: `The pod of node ${without} ended before its files were home.`,
      as: "NodeFailed",
    };
  return group?.lost === undefined ? undefined : { at: "gone", taken: group.failure, as: "NodeFailed" };
}

/** It still brings home what it has. A run whose script has ended well has begun in all of its pods, also where the cluster does not tell so yet. */
const brings = (pod: PodFacts, { code }: ExitReport): boolean => (code === 0 ? !isOver(pod) : isAtWork(pod));

/** Its courier is there, or whatever else it runs. */
const isAtWork = (pod: PodFacts): boolean => !isOver(pod) && pod.runningSince !== undefined;

/** Why a group ended that no process of its own has ended, and which node was lost, if that is why. */
type GroupEnd = { readonly failure: string; readonly lost?: number };

/** Of the run in the folder. The run can write there: a text of some length, no more. */
async function readGroupEnd(folder: string): Promise<GroupEnd | undefined> {
  try {
    const { failure, lost, index } = JSON.parse((await readSmallFile(folder, RUN_FOLDER.groupExit)) ?? "{}");
    if (typeof failure !== "string" || index !== undefined) return undefined;
    return { failure: failure.slice(0, 500), ...(Number.isInteger(lost) ? { lost } : {}) };
  } catch {
    // Half written, or overwritten by the run.
    return undefined;
  }
}
