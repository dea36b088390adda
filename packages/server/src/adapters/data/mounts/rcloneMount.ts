// How rclone is told to mount a storage: its command line, which holds no key, and its environment, which holds them all. Pure.
import { join } from "node:path";

/** A storage as rclone reaches it. */
export type MountSource = {
  /** The bucket or container, and the path in it. */
  readonly root: readonly string[];
  /** What rclone calls the options of a remote, with its keys. */
  readonly remote: Readonly<Record<string, string>>;
  /** It is this service: near, so that no proxy leads to it, and started anew now and then, which is waited for. */
  readonly isService?: boolean;
};

export type MountAsk = {
  readonly source: MountSource;
  /** The one file of it that is to be seen. */
  readonly file?: string | undefined;
  readonly readOnly: boolean;
  readonly letsOthersIn: boolean;
};

/** The parts of a mount's folder. */
export const PLACES = { at: "at", cache: "cache", log: "log" } as const;

/** What the remote is called in rclone's own words. */
const REMOTE = "store";

/** What a run reads is kept on this disk up to so much, the longest unused goes first; what it has written stays until it is sent. */
const CACHE_SIZE = "10Gi";
/** What others change in the storage is seen after so long. */
const SEEN_AFTER = "30s";

export function mountArguments(folder: string, { source, file, readOnly, letsOthersIn }: MountAsk): string[] {
  return [
    ...["mount", `${REMOTE}:${source.root.join("/")}`, join(folder, PLACES.at)],
    // The operator's own remotes are none of a run's.
    ...["--config", "/dev/null"],
    ...["--devname", "malachite"],
    // All of what programs do with files works only with a cache: seeking while writing, changing, appending.
    ...["--vfs-cache-mode", "full", "--cache-dir", join(folder, PLACES.cache)],
    ...["--vfs-cache-max-size", CACHE_SIZE],
    ...["--dir-cache-time", SEEN_AFTER],
    // The time that an S3 object was last written costs a request each, else.
    "--use-server-modtime",
    // A storage that does not answer becomes an error of the program that reads in minutes, not in an hour.
    // (Each of the tries is several of the storage's own library.)
    ...["--contimeout", "15s", "--timeout", "1m", "--low-level-retries", source.isService ? "30" : "3"],
    ...["--log-file", join(folder, PLACES.log), "--log-level", "NOTICE"],
    ...(readOnly ? ["--read-only"] : []),
    ...(letsOthersIn ? ["--allow-other"] : []),
    ...(file === undefined ? [] : ["--include", `/${asPattern(file)}`]),
  ];
}

/** rclone's patterns have these characters; a backslash takes them as they are. */
const asPattern = (name: string): string => name.replace(/[\\*?[\]{}]/g, "\\$&");

/** Of the service's own environment: where programs and trust are, how the network is reached, what Amazon's libraries look at. */
const PASSED = /^(PATH|HOME|TMPDIR|SSL_CERT_(FILE|DIR)|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy|AWS_\w+)$/;

export function mountEnvironment(
  { remote, isService }: MountSource,
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(own))
    if (value !== undefined && PASSED.test(name) && !(isService && isOfOthers(name))) env[name] = value;
  for (const [name, value] of Object.entries(remote))
    env[`RCLONE_CONFIG_${REMOTE.toUpperCase()}_${name.toUpperCase()}`] = value;
  return env;
}

const isOfOthers = (name: string): boolean => /proxy$/i.test(name) || name.startsWith("AWS_");

/** The last words of rclone's log as one line for people: no dates, no queries of addresses (they hold signatures), no keys. */
export function lastWords(log: string, { remote }: Pick<MountSource, "remote"> = { remote: {} }): string {
  const lines = log
    .split("\n")
    .map((line) =>
      line
        .replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, "")
        .replace(/\s+/g, " ")
        .trim(),
    )
    .filter((line) => line !== "");
  let said = lines
    .slice(-2)
    .join("; ")
    .replace(/\?\S*=\S*/g, "?…");
  for (const value of Object.values(remote)) if (value.length >= 8) said = said.replaceAll(value, "…");
  return said.slice(-500);
}
