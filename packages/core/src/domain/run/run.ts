// What a run is: one execution of a user's script, one record. Types only; advance.ts changes it, nextStep.ts says what is due.
import type { execution } from "@malachite/contract";
import type { EndStatus, FailureReason } from "../failure/reasons.ts";
import type { LaunchKey, LaunchPlan } from "../launch/launchPlan.ts";
import type { Needs } from "../queue/needs.ts";
import type { Instant, JsonObject, Principal, Scope, Tags } from "../scope.ts";
import type { RunStatus } from "./next.ts";

/** How the user's process ended, as the start script wrote it. */
export type ExitRecord = {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal?: string;
  readonly outOfMemory?: boolean;
  /** Why the command could not be started at all. */
  readonly failure?: string;
  /** Why nothing is known of its end: its folder is lost. */
  readonly lost?: string;
  /** The engine ended it, in its words; `as` what that, or the failure, counts. */
  readonly taken?: string;
  readonly as?: FailureReason;
  readonly endedAt: Instant;
};

/** What a driver gave back for a launch. `state` is the driver's own and opaque to all others. */
export type Handle = {
  readonly key: LaunchKey;
  readonly kind: string;
  readonly version: number;
  readonly state: string;
};

export type CancelWish = {
  readonly askedAt: Instant;
  readonly by: string;
  /** Why it must end: `Canceled`, `OverTime`, `EndedAsCompleted` or `EndedAsFailed`. */
  readonly reason: FailureReason;
  /** What the asker said, if anything. */
  readonly text?: string;
};

/** The end of a run: the reason first, the status follows from it. */
export type Outcome = {
  readonly reason: FailureReason;
  readonly status: EndStatus;
  readonly message: string;
  readonly detail?: JsonObject;
};

/** An attempt that has come to nothing and whose files and job are still to be looked after, before the next one may start. */
export type EarlierAttempt = { readonly attempt: number; readonly key: LaunchKey; readonly handle?: Handle };

/** The part of a run that the service moves. Changed by `advance` alone. */
export type Life = {
  readonly status: RunStatus;
  readonly attempt: number;
  /** What it takes of its pool while it is at work, besides a place; as it was submitted. */
  readonly needs?: Needs;
  /** The GPUs of its pool that are the run's, by number; absent where nobody counts them. */
  readonly gpus?: readonly number[];
  readonly key?: LaunchKey;
  readonly plan?: LaunchPlan;
  readonly handle?: Handle;
  readonly earlier?: EarlierAttempt;
  /** When its script began for the first time. */
  readonly startedAt?: Instant;
  /** When the script of this attempt began: the time that it may take counts from then. */
  readonly attemptStartedAt?: Instant;
  readonly endedAt?: Instant;
  readonly exit?: ExitRecord;
  readonly cancel?: CancelWish;
  readonly outcome?: Outcome;
  /**
   * The debt to free what the launch made: owed from the first launch plan on, until paid. `letGo`: nobody works on it and it holds nothing
   * any more; should the machine come back, what the launch left there is ended and freed, and the debt is paid.
   */
  readonly release?: "owed" | "letGo" | "paid";
  /** Of a trace that follows the run: the run's own span, as W3C writes it, and the span of the request that submitted it. */
  readonly trace?: { readonly traceparent: string; readonly parentSpan?: string };
  /** Last sign of life of a run that others execute, and how long it holds. */
  readonly heartbeat?: { readonly at: Instant; readonly timeToLiveMs: number };
};

/** The part of a run that its users may change at any time. */
export type About = {
  readonly name?: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly hidden?: boolean;
  readonly runType?: string;
  readonly runTypeV2?: JsonObject;
  readonly scriptName?: string;
  readonly createdFrom?: JsonObject;
  readonly cancelUri?: string;
  readonly diagnosticsUri?: string;
  readonly heartbeatEnabled?: boolean;
  readonly tags: Tags;
  readonly properties: Readonly<Record<string, string>>;
  readonly warnings: readonly { readonly source: string; readonly message: string }[];
  /** Fields of the newer contract that the service keeps as they were sent and does not look into, by their wire names. */
  readonly kept?: JsonObject;
  /** The error that the run's owner posted, an ErrorResponse. */
  readonly error?: JsonObject;
};

/** A run before the store has numbered it. */
export type NewRun = {
  readonly scope: Scope;
  readonly id: string;
  readonly experimentName: string;
  /** `hosted`: the service executes it and owns its status. `external`: whoever reports events does. */
  readonly origin: "hosted" | "external";
  /** SHA-256 of what was submitted: the same id with the same fingerprint is the same run. */
  readonly fingerprint?: string;
  readonly parentRunId?: string;
  readonly createdAt: Instant;
  readonly createdBy: Pick<Principal, "name" | "objectId" | "tenantId">;
  readonly target: string;
  /** Which line it waits in: runs of one pool share its slots. Absent for external runs. */
  readonly pool?: string;
  /** The definition made whole, and as it was sent. */
  readonly definition?: execution.RunDefinition;
  readonly sent?: JsonObject;
  /** Password for the registry of the image, sealed by the secret box. Shown to nobody. */
  readonly sealedPassword?: string;
  readonly snapshotId?: string;
  readonly dataContainerId: string;
  readonly life: Life;
  readonly about: About;
};

/** A run as the store keeps it. `version` rises with every change. */
export type Run = NewRun & {
  readonly experimentId: string;
  readonly rootRunId: string;
  /** Counts runs in their experiment, from 1. */
  readonly number: number;
  readonly version: number;
  readonly changedAt: Instant;
};

/** One entry of a run's story, kept for people: what happened, when, who did it and why. */
export type StoryEntry = {
  readonly at: Instant;
  readonly event: string;
  readonly status: RunStatus;
  readonly actor: string;
  readonly cause?: string;
  readonly detail?: JsonObject;
};
