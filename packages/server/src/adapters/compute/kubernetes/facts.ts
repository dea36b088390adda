// What the driver remembers of the objects of a cluster: of a job and a pod only what tells where a run is. Pure.
import { isLaunchKey, type LaunchKey } from "@malachite/core";

/** By these the objects of a service are told from all others. */
export const LABELS = { service: "malachite.service", key: "malachite.key" } as const;
/** On a job: that it was asked to end, so that nothing of it is started any more. */
export const STOPPED = "malachite.stopped";
/** Of Kubernetes: which of the pods of an indexed job this is. */
const INDEX = "batch.kubernetes.io/job-completion-index";

export type JobFacts = {
  readonly kind: "job";
  readonly uid: string;
  readonly name: string;
  readonly key: LaunchKey;
  /** Ordered: a later state has a later version, where both are numbers. */
  readonly version: string;
  /** How many it is to have at once. */
  readonly pods: number;
  readonly stopped: boolean;
  /** And it was this service that asked. */
  readonly asked: boolean;
  readonly suspended: boolean;
  /** Why Kubernetes gave it up. */
  readonly failed?: { readonly reason: string; readonly message: string };
  readonly complete: boolean;
  /** It has been suspended, and that is done: it has no pods but such as end. */
  readonly atRest: boolean;
};

export type ContainerEnd = {
  readonly code: number;
  readonly signal?: number;
  readonly reason: string;
  readonly message: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
};

export type PodFacts = {
  readonly kind: "pod";
  readonly uid: string;
  readonly name: string;
  readonly key: LaunchKey;
  readonly version: string;
  readonly index: number;
  readonly phase: string;
  readonly node?: string;
  /** Its own word for why it ended, such as Evicted. */
  readonly reason: string;
  readonly message: string;
  /** Why no node takes it. */
  readonly unscheduled?: { readonly reason: string; readonly message: string };
  /** Why its container does not start. */
  readonly held?: { readonly reason: string; readonly message: string };
  readonly runningSince?: number;
  readonly end?: ContainerEnd;
  /** Why Kubernetes takes it away: preempted, its node drained. */
  readonly disrupted?: { readonly reason: string; readonly message: string };
  /** Somebody has deleted it: it is about to end, or gone. */
  readonly deleted?: true;
};

export type Facts = JobFacts | PodFacts;

type Condition = {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
};
type Meta = {
  readonly uid?: string;
  readonly name?: string;
  readonly resourceVersion?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};
type RawJob = {
  readonly metadata?: Meta;
  readonly spec?: { readonly suspend?: boolean; readonly completions?: number };
  readonly status?: { readonly conditions?: readonly Condition[] };
};
type RawState = {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode?: number;
    readonly signal?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
};
type RawPod = {
  readonly metadata?: Meta;
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly { readonly state?: RawState }[];
  };
};

/** The key of the launch that an object was made for; undefined for what is none of ours. */
export function keyOf(object: unknown): LaunchKey | undefined {
  const key = (object as RawJob | undefined)?.metadata?.labels?.[LABELS.key];
  return key !== undefined && isLaunchKey(key) ? key : undefined;
}

export const versionOf = (object: unknown): string =>
  (object as RawJob | undefined)?.metadata?.resourceVersion ?? "";

export const serviceOf = (object: unknown): string | undefined =>
  (object as RawJob | undefined)?.metadata?.labels?.[LABELS.service];

const at = (text: string | undefined): number | undefined => {
  const instant = Date.parse(text ?? "");
  return Number.isNaN(instant) ? undefined : instant;
};

const said = ({ reason = "", message = "" }: Condition): { reason: string; message: string } => ({
  reason,
  message: message.slice(0, 2000),
});

const basics = (meta: Meta, key: LaunchKey) => ({
  key,
  uid: meta.uid ?? "",
  name: meta.name ?? "",
  version: meta.resourceVersion ?? "",
});

export function jobFacts(object: unknown): JobFacts | undefined {
  const { metadata = {}, spec, status } = object as RawJob;
  const key = keyOf(object);
  if (key === undefined) return undefined;
  const is = (type: string) => status?.conditions?.find((one) => one.type === type && one.status === "True");
  // The later word is said when all pods have ended, the earlier one as soon as that is decided.
  const failed = is("Failed") ?? is("FailureTarget");
  return {
    kind: "job",
    ...basics(metadata, key),
    pods: spec?.completions ?? 1,
    stopped: metadata.annotations?.[STOPPED] !== undefined || metadata.deletionTimestamp !== undefined,
    asked: metadata.annotations?.[STOPPED] !== undefined,
    suspended: spec?.suspend === true,
    complete: is("Complete") !== undefined,
    atRest: is("Suspended") !== undefined,
    ...(failed === undefined ? {} : { failed: said(failed) }),
  };
}

export function podFacts(object: unknown): PodFacts | undefined {
  const { metadata = {}, spec, status = {} } = object as RawPod;
  const key = keyOf(object);
  if (key === undefined) return undefined;
  const state = status.containerStatuses?.[0]?.state ?? {};
  const condition = (type: string, value: string) =>
    status.conditions?.find((one) => one.type === type && one.status === value);
  const unscheduled = condition("PodScheduled", "False");
  const disrupted = condition("DisruptionTarget", "True");
  const runningSince = at(state.running?.startedAt);
  return {
    kind: "pod",
    ...basics(metadata, key),
    index: Number(metadata.labels?.[INDEX] ?? metadata.annotations?.[INDEX] ?? 0),
    phase: status.phase ?? "Pending",
    reason: status.reason ?? "",
    message: (status.message ?? "").slice(0, 2000),
    ...(spec?.nodeName === undefined ? {} : { node: spec.nodeName }),
    ...(unscheduled === undefined ? {} : { unscheduled: said(unscheduled) }),
    ...(state.waiting === undefined ? {} : { held: said(state.waiting) }),
    ...(runningSince === undefined ? {} : { runningSince }),
    ...(state.terminated === undefined ? {} : { end: endOf(state.terminated) }),
    ...(disrupted === undefined ? {} : { disrupted: said(disrupted) }),
    ...(metadata.deletionTimestamp === undefined ? {} : { deleted: true as const }),
  };
}

function endOf(end: NonNullable<RawState["terminated"]>): ContainerEnd {
  const startedAt = at(end.startedAt);
  const endedAt = at(end.finishedAt);
  return {
    code: end.exitCode ?? 0,
    ...(end.signal ? { signal: end.signal } : {}),
    ...said(end),
    // A container that never ran has the year 1 or 1970 there.
    ...(startedAt !== undefined && startedAt > 0 ? { startedAt } : {}),
    ...(endedAt !== undefined && endedAt > 0 ? { endedAt } : {}),
  };
}

/** Nothing of the pod runs any more, and nothing of it will. */
export const isOver = (pod: PodFacts): boolean =>
  pod.phase === "Succeeded" ||
  pod.phase === "Failed" ||
  (pod.end !== undefined && pod.runningSince === undefined);
