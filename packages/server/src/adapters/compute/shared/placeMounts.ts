// Shows a run the data of its plan: a link for each mount, or one for each file where files come among others. What is there is
// never written over, but where the plan says so inside the project folder.
import { lstat, mkdir, opendir, readlink, symlink, unlink } from "node:fs/promises";
import { dirname, isAbsolute, join, relative } from "node:path";
import { type LaunchPlan, MalachiteError, type Mount, RUN_FOLDER } from "@malachite/core";
import {
  enterFolder,
  hasCode,
  type OpenFolder,
  openFolderInside,
  writeFileAtomic,
} from "../../../files/index.ts";
import { segmentsOf } from "./openInside.ts";
import { readSmallFile } from "./smallFiles.ts";

/** In the run's folder: the links that were made outside of it. */
const NOTE = "mounts.json";
type Outside = Pick<Mount, "source" | "at">;

/** `link`: what the run's links lead to, which is the source as the run sees it. */
type Shown = Mount & { readonly link: string };

/** Where runs that see their folder as `seenAs` see the source of a mount. A place for each: one may be read-only, another not. */
export const sourceSeen = (seenAs: string, index: number): string => `${seenAs}-data/${index}`;

/**
 * `folder` is the run's, with the projects of its nodes in it. May be repeated. `seenAs`: how runs see that folder, where they see
 * another machine than this one; whoever starts them shows each source there under `sourceSeen`, and what is to be at an absolute
 * path under that.
 */
export async function placeMounts(folder: string, plan: LaunchPlan, seenAs?: string): Promise<void> {
  const mounts = (plan.mounts ?? []).map(
    (mount, index): Shown => ({
      ...mount,
      link: seenAs === undefined ? mount.source : sourceSeen(seenAs, index),
    }),
  );
  if (mounts.length === 0) return;
  const outside = seenAs === undefined ? mounts.filter((one) => isOutside(one, folder)) : [];
  // Noted before they are made: whoever frees a run that was cut short there finds them.
  if (outside.length > 0)
    await writeFileAtomic(
      join(folder, NOTE),
      JSON.stringify(outside.map(({ source, at }) => ({ source, at }))),
    );
  // What lies above comes first: what is to lie in it then finds a folder.
  for (const mount of [...mounts].sort((a, b) => (a.at < b.at ? -1 : 1))) {
    const path = isAbsolute(mount.at) ? insideOf(seenAs ?? folder, mount.at) : undefined;
    if (path !== undefined) await placeInside(folder, path, mount, mounts);
    else if (outside.includes(mount)) await placeOutside(mount);
    else if (!isAbsolute(mount.at))
      for (let node = 0; node < plan.nodes; node += 1)
        await placeInside(folder, join(RUN_FOLDER.node(node), mount.at), mount, mounts);
  }
}

/** True for a mount at a path of the machine that the run sees, out of the run's folder. */
export const isOutside = ({ at }: Mount, folder: string): boolean =>
  isAbsolute(at) && insideOf(folder, at) === undefined;

function insideOf(folder: string, at: string): string | undefined {
  const inside = relative(folder, at);
  return inside.startsWith("..") || isAbsolute(inside) ? undefined : inside;
}

/** Takes away the links that were made outside of the run's folder, as far as they are still those. */
export async function removeMounts(folder: string): Promise<void> {
  const text = await readSmallFile(folder, NOTE).catch(() => undefined);
  for (const { at, source } of text === undefined ? [] : parseNote(text))
    if ((await readlink(at).catch(() => undefined)) === source) await unlink(at).catch(() => {});
}

/** The run can write there: nothing of it is trusted but that a link which leads to data of a run may be taken away. */
function parseNote(text: string): readonly Outside[] {
  try {
    const note = JSON.parse(text) as readonly Outside[];
    return note.filter(
      ({ at, source }) => typeof at === "string" && typeof source === "string" && isAbsolute(at),
    );
  } catch {
    // Half of it, or none.
    return [];
  }
}

async function placeInside(root: string, path: string, mount: Shown, all: readonly Mount[]): Promise<void> {
  const segments = segmentsOf(path);
  const name = segments?.pop();
  if (segments === undefined || name === undefined) throw inTheWay(mount, "it leads out of the run's folder");
  const below = all.flatMap(({ at }) =>
    at.startsWith(`${mount.at}/`) ? [at.slice(mount.at.length + 1)] : [],
  );
  try {
    await using folder = await openFolderInside(root, segments, { make: true });
    await place(folder, name, mount, below);
  } catch (error) {
    if (hasCode(error, "ENOTDIR", "ELOOP", "EEXIST")) throw inTheWay(mount, "a file or a link is in the way");
    throw error;
  }
}

/** `below`: paths in it where others will lie; then it becomes a folder of links. */
async function place(
  folder: OpenFolder,
  name: string,
  mount: Shown,
  below: readonly string[],
): Promise<void> {
  const asFolder = below.length > 0;
  const at = folder.at(name);
  const there = await lstat(at).catch(nothing);
  if (there?.isSymbolicLink() && (await readlink(at)) === mount.link) return;
  const isFolder = mount.is === undefined ? (await lstat(mount.source)).isDirectory() : mount.is === "folder";
  if (asFolder && mount.is !== undefined) throw inTheWay(mount, "other data is to lie in it");
  if (there === undefined && !(asFolder && isFolder)) return await symlink(mount.link, at);
  if (isFolder && (there === undefined || there.isDirectory())) {
    if (mount.merge === undefined && there !== undefined && !asFolder)
      throw inTheWay(mount, "the project has a folder there");
    return await linkFiles(folder, name, mount, below);
  }
  if (mount.merge === "keep") return;
  if (mount.merge !== "replace" || there?.isDirectory())
    throw inTheWay(mount, "the project has something else there");
  await unlink(at);
  await symlink(mount.link, at);
}

/** Each file below the source as a link of its own. */
async function linkFiles(
  outer: OpenFolder,
  name: string,
  mount: Shown,
  below: readonly string[],
): Promise<void> {
  await using folder = await enterFolder(outer, name, true);
  for await (const entry of await opendir(mount.source)) {
    const inner = below.flatMap((path) =>
      path.startsWith(`${entry.name}/`) ? [path.slice(entry.name.length + 1)] : [],
    );
    const [source, link] = [join(mount.source, entry.name), join(mount.link, entry.name)];
    await place(folder, entry.name, { ...mount, source, link, merge: mount.merge ?? "keep" }, inner);
  }
}

/** The folder above is the operator's or of an earlier run; the name itself must be free, or a link that leads nowhere any more. */
async function placeOutside(mount: Mount): Promise<void> {
  const { source, at } = mount;
  await mkdir(dirname(at), { recursive: true });
  for (let tries = 0; ; tries += 1) {
    try {
      return await symlink(source, at);
    } catch (error) {
      if (!hasCode(error, "EEXIST") || tries > 0) throw inTheWay(mount, "something else is there");
    }
    const before = await readlink(at).catch(() => undefined);
    if (before === source) return;
    // Left by a run that is gone, of a service that was killed before it could take it away.
    if (before === undefined || (await lstat(before).catch(() => undefined)))
      throw inTheWay(mount, "something else is there");
    await unlink(at);
  }
}

const inTheWay = ({ at }: Mount, why: string): MalachiteError =>
  new MalachiteError("InvalidDefinition", `Data cannot be shown at '${at}': ${why}. Choose another path.`, {
    target: at,
  });

function nothing(error: unknown): undefined {
  if (hasCode(error, "ENOENT")) return undefined;
  throw error;
}
