// What a job and its pods say of a run, in words for people. Pure; the exit record, which wins over all of it, is the driver's to read.
import type { Sighting, TakenAs } from "@malachite/core";
import { isOver, type PodFacts } from "./facts.ts";
import type { Seen } from "./namespaceWatch.ts";

/** `over`: nothing of it runs any more, and only the exit record could say how its script ended; `words` tell what the cluster saw. */
export type PodSight =
  | Extract<Sighting, { at: "running" | "ended" }>
  /** `failing`: not as it should be, so not for ever. `making`: the pod whose container its node makes: events may say why that takes so long. */
  | { readonly at: "waiting"; readonly why?: string; readonly failing?: true; readonly making?: PodFacts }
  | { readonly at: "over"; readonly words: string; readonly as?: TakenAs }
  /** A pod has not been made: events may say why. `words` tell of those that are there. */
  | { readonly at: "podless"; readonly words?: string }
  /** Neither a job nor a pod is known. */
  | { readonly at: "unknown" };

/** Words of Kubernetes for an image that does not come. */
const IMAGE = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "ErrRegistryUnavailable",
  "ImageInspectError",
]);
/** And for a container that cannot be made or begun as it is asked for. */
const CONTAINER = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "StartError",
  "ContainerCannotRun",
]);
/** These never pass by themselves. */
const AT_ONCE = new Set(["InvalidImageName", "ErrImageNeverPull"]);

/** `failingMs`: how long it has failed to start, as the caller has seen it; `startMs`: how long it may. */
export function sightPods({ job, pods }: Seen, failingMs: number, startMs: number): PodSight {
  if (job === undefined && pods.length === 0) return { at: "unknown" };
  const oom = pods.find((pod) => pod.end?.reason === "OOMKilled");
  if (oom !== undefined && pods.every(isOver))
    return {
      at: "ended",
      code: null,
      signal: "SIGKILL",
      outOfMemory: true,
      ...(oom.end?.startedAt === undefined ? {} : { startedAt: oom.end.startedAt }),
      ...(oom.end?.endedAt === undefined ? {} : { endedAt: oom.end.endedAt }),
    };
  const alive = pods.filter((pod) => !isOver(pod));
  if (alive.length > 0) return sightAlive(alive, job?.pods ?? 1, failingMs, startMs);
  if (pods.length > 0) return sightOver(pods, job?.failed);
  if (job?.failed !== undefined)
    return { at: "over", words: `Kubernetes gave its job up: ${said(job.failed)}` };
  if (job?.stopped) return { at: "over", words: "Its job was stopped." };
  if (job?.suspended)
    return {
      at: "waiting",
      why: "Its job is suspended: whoever admits jobs to the cluster has not let it start yet.",
    };
  return { at: "podless" };
}

function sightAlive(
  alive: readonly PodFacts[],
  wanted: number,
  failingMs: number,
  startMs: number,
): PodSight {
  const begun = alive.map(({ runningSince }) => runningSince).filter((one) => one !== undefined);
  // Of a pod that is taken away, and the one in its place, the later counts.
  if (begun.length === alive.length) return { at: "running", startedAt: Math.max(...begun) };
  const late = alive.filter(({ runningSince }) => runningSince === undefined);
  // Of several the one that is worst off: its image does not come, no node takes it.
  const pod = (late.find((one) => heldBy(one) !== undefined) ??
    late.find(({ unscheduled }) => unscheduled !== undefined) ??
    late[0]) as PodFacts;
  const held = heldBy(pod);
  if (held === undefined) {
    const { why, ...more } = whyWaiting(pod);
    return { at: "waiting", ...(why === undefined ? {} : { why: ofSeveral(why, alive, wanted) }), ...more };
  }
  if (failingMs >= startMs || AT_ONCE.has(pod.held?.reason ?? ""))
    return { at: "ended", code: null, failure: held };
  return { at: "waiting", why: held, failing: true };
}

/**
 * A run of several pods, before they all have begun: what those that are there wait for. The cluster gives out places one by one, so two such
 * runs may each hold what the other needs.
 */
export function sightPartly({ job, pods }: Seen): PodSight | undefined {
  const wanted = job?.pods ?? 1;
  const alive = pods.filter((pod) => !isOver(pod));
  if (wanted === 1 || alive.length === 0) return undefined;
  if (alive.length < wanted)
    return { at: "podless", words: `${alive.length} of its ${wanted} pods are made. ` };
  return { at: "waiting", why: `Its ${wanted} pods are there, and look for each other.` };
}

/** Whether others of the run hold a place already, which it does not use before all have one. */
function ofSeveral(why: string, alive: readonly PodFacts[], wanted: number): string {
  const placed = alive.filter(({ node }) => node !== undefined).length;
  if (wanted === 1 || placed === 0) return why;
  return `${placed} of its ${wanted} pods ${placed === 1 ? "has its place and waits" : "have their places and wait"} for the others. ${why}`;
}

/** Why its container is not there, where that is a failure and no step on the way. */
export function heldBy({ held, name }: PodFacts): string | undefined {
  if (held === undefined) return undefined;
  if (IMAGE.has(held.reason)) return `The image of pod ${name} cannot be had: ${said(held)}`;
  if (CONTAINER.has(held.reason)) return `The container of pod ${name} cannot be started: ${said(held)}`;
  return undefined;
}

function whyWaiting(pod: PodFacts): { why?: string; making?: PodFacts } {
  const { unscheduled, held, node, name } = pod;
  if (unscheduled !== undefined) {
    const gated = unscheduled.reason === "SchedulingGated";
    const what = gated ? "is held back before it is given to a node" : "is taken by no node of the cluster";
    return { why: `Pod ${name} ${what}: ${said(unscheduled)}` };
  }
  if (held?.reason === "ContainerCreating" || held?.reason === "PodInitializing")
    return {
      why: `Node ${node} is making the container of pod ${name}: it brings its image and its volumes.`,
      making: pod,
    };
  if (node !== undefined) return { why: `Pod ${name} is on node ${node}, which has not begun it yet.` };
  return {};
}

function sightOver(
  pods: readonly PodFacts[],
  failed: { reason: string; message: string } | undefined,
): PodSight {
  const unhappy = pods.find(({ phase, end }) => phase === "Failed" || (end?.code ?? 0) !== 0) ?? pods[0];
  if (unhappy === undefined) return { at: "over", words: "" };
  const { reason, disrupted, end, name, node } = unhappy;
  const where = node === undefined ? "" : ` on node ${node}`;
  if (end !== undefined && CONTAINER.has(end.reason))
    return {
      at: "ended",
      code: null,
      failure: `The container of pod ${name} could not be started: ${said(end)}`,
    };
  if (disrupted !== undefined || reason !== "") return { at: "over", ...takenAway(unhappy) };
  if (failed?.reason === "DeadlineExceeded")
    return { at: "over", words: `Kubernetes ended its job: ${said(failed)}` };
  const how =
    end === undefined
      ? "is gone"
      : `ended with exit code ${end.code}${end.message === "" ? "" : `, and said: ${end.message.trim().slice(-500)}`}`;
  return { at: "over", words: `Pod ${name}${where} ${how}.` };
}

/** Of a pod that Kubernetes ended, or took away, in its words; or that somebody has deleted. */
export function takenAway({ name, node, disrupted, deleted, reason, message }: PodFacts): {
  readonly words: string;
  readonly as?: TakenAs;
} {
  const where = node === undefined ? "" : ` on node ${node}`;
  if (disrupted === undefined && reason === "" && deleted === true)
    return { words: `Pod ${name}${where} was deleted, and not by this service.` };
  if (disrupted === undefined)
    return { words: `Kubernetes ended pod ${name}${where}: ${said({ reason, message })}` };
  return { words: `Kubernetes took pod ${name}${where} away: ${said(disrupted)}`, ...asWhat(disrupted) };
}

/** What a disruption counts as, where that is told more exactly. */
function asWhat({ reason }: { readonly reason: string }): { as?: TakenAs } {
  if (reason === "PreemptionByScheduler") return { as: "Preempted" };
  return reason === "DeletionByPodGC" || reason === "DeletionByTaintManager" ? { as: "NodeFailed" } : {};
}

/** `reason: message`, as a sentence. */
export const said = ({ reason, message }: { readonly reason: string; readonly message: string }): string => {
  const text = [reason, message.trim()].filter((part) => part !== "").join(": ");
  return /[.!?]$/.test(text) ? text : `${text}.`;
};
