// Finds the files of a project folder as Azure ML v1 does: the ignore file of the folder decides, links are followed.
import { type BigIntStats, type Dirent, lstat, stat } from "node:fs";
import { readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { AbortSignalLike } from "@azure/abort-controller";
import { throwIfAborted } from "../abort.ts";
import { type IgnoreRules, readIgnoreRules } from "./ignoreRules.ts";

export interface WalkOptions {
  abortSignal?: AbortSignalLike;
  /**
   * Links are followed, as v1 does, and what they lead to is sent as plain files. `inside` (the default) refuses those that
   * lead out of the folder, because a project from elsewhere could name any file of this machine; `all` follows these too.
   */
  followLinks?: "inside" | "all";
}

/** A file of the project. `path` is relative with forward slashes, `source` is where it is on this machine. */
export interface FoundFile {
  path: string;
  source: string;
  sizeBytes: number;
  executable: boolean;
  /** What tells one state of the file from another. */
  state: { size: bigint; mtimeNs: bigint; ctimeNs: bigint; ino: bigint };
}

/** Something in the folder that cannot be part of a project. */
export interface LeftOut {
  path: string;
  reason: string;
}

/** The folder cannot be submitted as it is; the message names the path and what to do. */
export class ProjectError extends Error {
  override readonly name = "ProjectError";
  readonly path: string;
  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

type Walk = {
  readonly root: string;
  readonly rules: IgnoreRules;
  readonly options: WalkOptions;
  readonly files: FoundFile[];
  readonly left: LeftOut[];
};

/** All files of the folder, sorted by path, and what was left out though no rule said so. Throws ProjectError. */
export async function walkProject(
  folder: string,
  options: WalkOptions = {},
): Promise<{ root: string; files: FoundFile[]; left: LeftOut[] }> {
  const root = await realpath(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new ProjectError(folder, `The project folder ${folder} cannot be read: ${cause.message}`);
  });
  if (!(await statOf(stat, folder, root)).isDirectory())
    throw new ProjectError(folder, `${folder} is not a folder.`);
  const rules = await readIgnoreRules(root);
  const walk: Walk = { root, rules, options, files: [], left: [] };
  await walkFolder(walk, root, "", [root]);
  walk.files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { root, files: walk.files, left: walk.left };
}

/** `trail` holds the real paths of the folders above, so that a link back to one of them is seen. */
async function walkFolder(walk: Walk, folder: string, path: string, trail: readonly string[]): Promise<void> {
  throwIfAborted(walk.options.abortSignal);
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new ProjectError(path, `The folder '${path}' cannot be read: ${cause.message}`);
  });
  await Promise.all(entries.map((entry) => takeEntry(walk, entry, folder, path, trail)));
}

async function takeEntry(
  walk: Walk,
  entry: Dirent,
  folder: string,
  above: string,
  trail: readonly string[],
): Promise<void> {
  // The history of a repository is no part of the code, is often bigger than it, and may hold what was deleted on purpose.
  if (entry.name === ".git") return;
  const path = above === "" ? entry.name : `${above}/${entry.name}`;
  const source = join(folder, entry.name);
  if (walk.rules.ignores(path, entry.isDirectory())) return;
  checkName(path, entry.name);
  if (entry.isDirectory()) return walkFolder(walk, source, path, [...trail, source]);
  if (entry.isFile()) return takeFile(walk, path, source, await statOf(lstat, path, source));
  if (entry.isSymbolicLink()) return takeLink(walk, path, source, trail);
  walk.left.push({ path, reason: "it is neither a file nor a folder" });
}

async function takeLink(walk: Walk, path: string, source: string, trail: readonly string[]): Promise<void> {
  const target = await realpath(source).catch(() => undefined);
  if (target === undefined) {
    walk.left.push({ path, reason: "it is a link to nothing" });
    return;
  }
  const stats = await statOf(stat, path, target);
  if (stats.isDirectory() && walk.rules.ignores(path, true)) return;
  const inside = target === walk.root || target.startsWith(walk.root + sep);
  if (!inside && walk.options.followLinks !== "all") {
    throw new ProjectError(
      path,
      `'${path}' is a link that leads out of the project, to ${target}. Put it into .amlignore, or allow such links.`,
    );
  }
  if (stats.isFile()) return takeFile(walk, path, target, stats);
  if (!stats.isDirectory()) {
    walk.left.push({ path, reason: "it is a link to something that is neither a file nor a folder" });
  } else if (trail.includes(target)) {
    walk.left.push({ path, reason: "it is a link to a folder that holds it" });
  } else {
    await walkFolder(walk, target, path, [...trail, target]);
  }
}

function takeFile(walk: Walk, path: string, source: string, stats: BigIntStats): void {
  const { size, mtimeNs, ctimeNs, ino, mode } = stats;
  walk.files.push({
    path,
    source,
    sizeBytes: Number(size),
    // Windows has no such bit; what it reports is made up from the name.
    executable: sep === "/" && (mode & 0o111n) !== 0n,
    state: { size, mtimeNs, ctimeNs, ino },
  });
}

type Stat = (
  path: string,
  options: { bigint: true },
  callback: (error: NodeJS.ErrnoException | null, stats: BigIntStats) => void,
) => void;

/** By callback: the promises of node:fs cost several times as much, and this is done for every file of every submission. */
function statOf(how: Stat, path: string, source: string): Promise<BigIntStats> {
  return new Promise((resolve, reject) => {
    how(source, { bigint: true }, (error, stats) => {
      if (error) reject(new ProjectError(path, `'${path}' cannot be read: ${error.message}`));
      else resolve(stats);
    });
  });
}

function checkName(path: string, name: string): void {
  if (name.includes("\ufffd")) {
    throw new ProjectError(path, `The name of '${path}' is not UTF-8. Rename it, or put it into .amlignore.`);
  }
  if (name.includes("\\")) {
    throw new ProjectError(
      path,
      `The name of '${path}' holds a backslash. Rename it, or put it into .amlignore.`,
    );
  }
}
