// How long runs and their files are kept, as the settings say it. The first policy that is about a run decides. Pure.
import { type Instant, type Scope, type Tags, workspaceKey } from "../scope.ts";

export type RetentionPolicy = {
  /** Patterns in which `*` is any text: the name of a workspace, or SUBSCRIPTION/GROUP/NAME. */
  readonly workspace: string;
  readonly experiment: string;
  /** Runs that ended longer ago go. */
  readonly keepDays?: number;
  /** Of each workspace, the files of the newest runs that hold no more than this together stay; those of older ones go. */
  readonly keepBytes?: number;
  /** Tags, NAME or NAME=VALUE: runs that carry one stay. */
  readonly unlessTag: readonly string[];
  /** Only runs that carry one of these go. */
  readonly onlyTag: readonly string[];
  /** What goes: the files, or the run with all that is known of it. */
  readonly remove: "files" | "run";
};

/** An ended run, as far as policies look at it. */
export type EndedRun = {
  readonly scope: Scope;
  readonly runId: string;
  readonly experimentName: string;
  readonly endedAt: Instant;
  readonly tags: Tags;
};

const DAY_MS = 24 * 3600_000;

const matches = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.split("*").map(escaped).join(".*")}$`, "is").test(text);
const escaped = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");

/** The place of the policy that is about the run; -1 for none. */
export const policyFor = (
  policies: readonly RetentionPolicy[],
  { scope, experimentName }: Pick<EndedRun, "scope" | "experimentName">,
): number =>
  policies.findIndex(
    ({ workspace, experiment }) =>
      matches(workspace, workspace.includes("/") ? workspaceKey(scope) : scope.workspace) &&
      matches(experiment, experimentName),
  );

const carries = (tags: Tags, wanted: readonly string[]): boolean =>
  wanted.some((one) => {
    const at = one.indexOf("=");
    const name = at < 0 ? one : one.slice(0, at);
    return name in tags && (at < 0 || tags[name] === one.slice(at + 1));
  });

/** Whether its tags keep the run whatever its age. */
export const isSpared = (
  { unlessTag, onlyTag }: RetentionPolicy,
  { tags }: Pick<EndedRun, "tags">,
): boolean => carries(tags, unlessTag) || (onlyTag.length > 0 && !carries(tags, onlyTag));

export const isTooOld = (
  { keepDays }: RetentionPolicy,
  { endedAt }: Pick<EndedRun, "endedAt">,
  now: Instant,
): boolean => keepDays !== undefined && endedAt < now - keepDays * DAY_MS;

/** With the files of the newer runs before it, those of the run are more than is kept. */
export const isTooMuch = ({ keepBytes }: RetentionPolicy, bytes: number, before: number): boolean =>
  keepBytes !== undefined && before + bytes > keepBytes;
