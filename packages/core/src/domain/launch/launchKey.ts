// The engine-safe name of one attempt at a run. Run ids of the wire are not: up to 256 characters, any case, `_`.
import { type Scope, workspaceKey } from "../scope.ts";
import type { LaunchKey } from "./launchPlan.ts";

const MAX_LENGTH = 48;
/** 80 bits: two launches of one service never share a key by chance. */
const HASH_LENGTH = 20;

/**
 * The key of an attempt: 1 to 48 of [a-z0-9-], begins with a letter and ends with a letter or digit, so it is safe as a file,
 * DNS, Slurm and container name. The same input gives the same key; the hash keeps apart what the readable start does not.
 * `attempt` counts from 1. `sha256` gives lower-case hex.
 */
export function launchKey(
  scope: Scope,
  runId: string,
  attempt: number,
  sha256: (text: string) => string,
): LaunchKey {
  const hash = sha256(`${workspaceKey(scope)}\n${runId}\n${attempt}`).slice(0, HASH_LENGTH);
  const tail = `-${attempt}-${hash}`;
  const words = runId
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "");
  const named = /^[a-z]/.test(words) ? words : `r${words}`;
  const start = named.slice(0, MAX_LENGTH - tail.length).replace(/-+$/, "");
  return `${start}${tail}` as LaunchKey;
}

const KEY = /^[a-z][a-z0-9-]{0,47}$/;

/** Whether the text can be a launch key: what a driver checks before it makes a path of one. */
export const isLaunchKey = (text: string): text is LaunchKey => KEY.test(text) && !text.endsWith("-");
