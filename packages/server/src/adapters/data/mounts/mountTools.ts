// What this machine needs so that remote storages can be mounted: looked for, and named where it is missing.
import { constants } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { hasCode, isExecutable } from "../../../files/index.ts";
import { ask } from "./ask.ts";

export type MountTools = {
  readonly rclone: string;
  readonly fusermount: string;
  /** Whether other users of the machine may be let in, as the engine of containers is one. */
  readonly letsOthersIn: boolean;
};

export type MountFacts = {
  readonly platform: string;
  readonly device: "there" | "none" | "denied";
  readonly rclone: string | undefined;
  /** What `rclone version` says; undefined when it says nothing. */
  readonly version: string | undefined;
  readonly fusermount: string | undefined;
  readonly isSetuidRoot: boolean;
  readonly uid: number;
  /** The text of /proc/self/status. */
  readonly status: string;
  /** The text of /etc/fuse.conf. */
  readonly fuseConf: string;
};

/** The oldest that was tried. */
const LEAST_VERSION = [1, 60] as const;
const CAP_SYS_ADMIN = 21n;
const ASK_MS = 10_000;

/** What is missing, each as half a sentence. Pure. */
export function missingOf(facts: MountFacts): readonly string[] {
  if (facts.platform !== "linux") return ["mounts are made on Linux alone"];
  const { device, rclone, version, fusermount, uid, status } = facts;
  const missing: string[] = [];
  if (device === "none")
    missing.push(
      "there is no /dev/fuse (load the kernel's module 'fuse'; a container gets it by --device /dev/fuse)",
    );
  if (device === "denied") missing.push("the service's user may not open /dev/fuse");
  if (rclone === undefined) missing.push("rclone is not on the service's PATH");
  else if (!isNewEnough(version))
    missing.push(
      `${rclone} is ${versionOf(version)?.join(".") ?? "none that tells its version"}, and 1.60 is needed`,
    );
  if (fusermount === undefined)
    missing.push("fusermount3 is not on the service's PATH (the package is fuse3)");
  if (uid === 0) {
    if (!mayMount(status))
      missing.push(
        "the service may not mount (it lacks CAP_SYS_ADMIN; a container gets it by --cap-add SYS_ADMIN)",
      );
  } else if (/^NoNewPrivs:\s*1$/m.test(status))
    missing.push(
      "the service was started so that no program of its gains rights (NoNewPrivileges), which fusermount3 needs",
    );
  else if (fusermount !== undefined && !facts.isSetuidRoot)
    missing.push(`${fusermount} is not set-user-id root, and the service is not root`);
  return missing;
}

/** Why runs in containers would not see a mount, though it can be made. Pure. */
export const hiddenOf = ({ uid, fuseConf }: MountFacts): string | undefined =>
  letsOthersIn(uid, fuseConf)
    ? undefined
    : "the engine of containers would not see it: put the line 'user_allow_other' into /etc/fuse.conf";

const letsOthersIn = (uid: number, fuseConf: string): boolean =>
  uid === 0 || /^\s*user_allow_other\s*$/m.test(fuseConf);

function mayMount(status: string): boolean {
  const [, effective] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return effective === undefined || ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}

function versionOf(said: string | undefined): readonly [number, number] | undefined {
  const [, major, minor] = /^rclone v(\d+)\.(\d+)/m.exec(said ?? "") ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

function isNewEnough(said: string | undefined): boolean {
  const [major, minor] = versionOf(said) ?? [0, 0];
  return major > LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor >= LEAST_VERSION[1]);
}

/** Looks at this machine. `path`: where programs are. Never throws. */
export async function mountFacts(path: string): Promise<MountFacts> {
  const rclone = await onPath(path, ["rclone"]);
  const fusermount = await onPath(path, ["fusermount3", "fusermount"]);
  const mode = fusermount === undefined ? undefined : await stat(fusermount).catch(() => undefined);
  return {
    platform: process.platform,
    device: await deviceOf("/dev/fuse"),
    rclone,
    version: rclone === undefined ? undefined : await askVersion(rclone, path),
    fusermount,
    isSetuidRoot: mode?.uid === 0 && (mode.mode & 0o4000) !== 0,
    uid: process.getuid?.() ?? -1,
    status: await textOf("/proc/self/status"),
    fuseConf: await textOf("/etc/fuse.conf"),
  };
}

/** The tools where nothing is missing. */
export function toolsOf(facts: MountFacts): MountTools | undefined {
  const { rclone, fusermount, uid, fuseConf } = facts;
  if (rclone === undefined || fusermount === undefined || missingOf(facts).length > 0) return undefined;
  return { rclone, fusermount, letsOthersIn: letsOthersIn(uid, fuseConf) };
}

/** A program says the same version as long as it is the same file. */
const versions = new Map<string, { readonly changedAt: number; readonly said: string }>();

async function askVersion(rclone: string, path: string): Promise<string | undefined> {
  const changedAt = (await stat(rclone).catch(() => undefined))?.mtimeMs ?? 0;
  const known = versions.get(rclone);
  if (known?.changedAt === changedAt) return known.said;
  const answer = await ask(rclone, ["version", "--config", "/dev/null"], { PATH: path }, ASK_MS);
  if (answer.code !== 0) return undefined;
  versions.set(rclone, { changedAt, said: answer.said });
  return answer.said;
}

async function onPath(path: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names)
    for (const folder of path.split(":"))
      if (isAbsolute(folder) && (await isExecutable(join(folder, name)))) return join(folder, name);
  return undefined;
}

async function deviceOf(device: string): Promise<MountFacts["device"]> {
  try {
    // To open it begins nothing: a mount begins only when the open device is handed to the kernel.
    await (await open(device, constants.O_RDWR)).close();
    return "there";
  } catch (error) {
    return hasCode(error, "EACCES", "EPERM") ? "denied" : "none";
  }
}

const textOf = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");
