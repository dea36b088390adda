// Lists the files below a folder in order of path, page by page, without holding more names than a page needs.

import type { BigIntStats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { hasCode, type OpenFolder, openFolder } from "../../../files/index.ts";

/** A file; or, where folders are wanted as such, a folder, its path ending in a slash. */
export type Found =
  | { readonly path: string; readonly stats: BigIntStats }
  | { readonly path: string; readonly stats?: undefined };

type Child = { readonly name: string; readonly folder: boolean };

/**
 * Regular files below `root` whose path begins with `prefix` and comes behind `after`, in the order of the code units of their
 * whole path, at most `limit`. Links and special files are passed over, also those that come into being meanwhile. With `folders`,
 * a folder below the prefix stands for all that is in it.
 */
export async function listFiles(
  root: string,
  {
    prefix,
    after,
    limit,
    folders = false,
  }: {
    readonly prefix: string;
    readonly after: string | undefined;
    readonly limit: number;
    readonly folders?: boolean | undefined;
  },
): Promise<Found[]> {
  const found: Found[] = [];
  const top = await openFolder(root).catch(gone);
  if (top) await walk(top, "", { prefix, after, limit, folders }, found);
  return found;
}

type Ask = {
  readonly prefix: string;
  readonly after: string | undefined;
  readonly limit: number;
  readonly folders: boolean;
};

async function walk(folder: OpenFolder, at: string, ask: Ask, found: Found[]): Promise<void> {
  try {
    // A folder comes where its first path would: its name with a slash.
    let last: string | undefined;
    while (found.length < ask.limit) {
      const children = await nextChildren(folder, at, last, ask, ask.limit - found.length);
      for (const child of children) {
        if (found.length >= ask.limit) return;
        await visit(folder, at, child, ask, found);
      }
      const end = children.at(-1);
      if (!end) return;
      last = keyOf(end);
    }
  } finally {
    await folder[Symbol.asyncDispose]();
  }
}

async function visit(folder: OpenFolder, at: string, child: Child, ask: Ask, found: Found[]): Promise<void> {
  const path = at + child.name;
  if (child.folder) {
    const key = `${path}/`;
    if (ask.folders && key.length > ask.prefix.length) {
      if (ask.after === undefined || key > ask.after) found.push({ path: key });
      return;
    }
    const inner = await openFolder(folder.at(child.name)).catch(gone);
    if (inner) await walk(inner, `${path}/`, ask, found);
    return;
  }
  const stats = await lstat(folder.at(child.name), { bigint: true }).catch(gone);
  if (stats?.isFile()) found.push({ path, stats });
}

const keyOf = (child: Child): string => (child.folder ? `${child.name}/` : child.name);

/** The first `count` children behind `last` that can hold an answer. */
async function nextChildren(
  folder: OpenFolder,
  at: string,
  last: string | undefined,
  { prefix, after }: Ask,
  count: number,
): Promise<Child[]> {
  const smallest = new Smallest<Child>(count, keyOf);
  const dir = await opendir(folder.at("."), { bufferSize: 512 }).catch(gone);
  if (!dir) return [];
  for await (const entry of dir) {
    const isFolder = entry.isDirectory();
    if (!isFolder && !entry.isFile()) continue;
    const child = { name: entry.name, folder: isFolder };
    const key = keyOf(child);
    if (last !== undefined && key <= last) continue;
    const path = at + key;
    if (!path.startsWith(prefix) && !(isFolder && prefix.startsWith(path))) continue;
    // A folder is passed over when `after` lies behind all that can be in it.
    if (after !== undefined && path <= after && !(isFolder && after.startsWith(path))) continue;
    smallest.add(child);
  }
  return smallest.sorted();
}

/** Keeps the `count` items with the smallest keys of any number, with memory for twice as many. */
class Smallest<T> {
  readonly #count: number;
  readonly #key: (item: T) => string;
  #items: T[] = [];
  #bound: string | undefined;

  constructor(count: number, key: (item: T) => string) {
    this.#count = count;
    this.#key = key;
  }

  add(item: T): void {
    if (this.#bound !== undefined && this.#key(item) > this.#bound) return;
    this.#items.push(item);
    if (this.#items.length < 2 * this.#count + 64) return;
    this.#items = this.sorted();
    const last = this.#items.at(-1);
    this.#bound = last === undefined ? undefined : this.#key(last);
  }

  sorted(): T[] {
    const key = this.#key;
    return this.#items.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)).slice(0, this.#count);
  }
}

/** What was removed or replaced between listing and looking is not listed. */
function gone(error: unknown): undefined {
  if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
  throw error;
}
