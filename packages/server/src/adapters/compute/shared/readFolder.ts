// What lies in a folder that a hostile program may be changing: regular files and folders, nothing behind a link.
import { lstat, readdir } from "node:fs/promises";
import type { FileLook } from "@malachite/core";
import { lookOf, type OpenFolder } from "../../../files/index.ts";
import { isAbsent, openFolderOf, openSubfolder } from "./openInside.ts";

/** Deeper folders are not listed: each level holds a descriptor while it is walked. */
export const MAX_DEPTH = 200;

/** `names`: how many names (hard links) the file has. */
export type FoundFile = FileLook & { readonly names: number };
export type FoundFolder = { readonly folder: OpenFolder; readonly segments: readonly string[] };

/** The names in the folder that can be paths of artifacts, by what they seem to be. One that is gone has none. */
export async function namesIn(
  folder: OpenFolder,
): Promise<{ readonly files: readonly string[]; readonly folders: readonly string[] }> {
  const entries = await readdir(folder.path, { withFileTypes: true, encoding: "buffer" }).catch(absent);
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries ?? []) {
    const name = nameOf(entry.name);
    if (name === undefined) continue;
    if (entry.isFile()) files.push(name);
    else if (entry.isDirectory()) folders.push(name);
  }
  return { files, folders };
}

/** The regular file of that name in the folder. */
export async function fileIn(folder: OpenFolder, name: string): Promise<FoundFile | undefined> {
  const stats = await lstat(folder.at(name), { bigint: true }).catch(absent);
  return stats?.isFile() ? { ...lookOf(stats), names: Number(stats.nlink) } : undefined;
}

/** The folder of that path and all below it, each open while it is looked at. */
export async function* foldersUnder(root: string, under: string): AsyncGenerator<FoundFolder> {
  const start = await openFolderOf(root, under);
  if (start !== undefined) yield* walk(start, under === "" ? [] : under.split("/"));
}

async function* walk(folder: OpenFolder, segments: readonly string[]): AsyncGenerator<FoundFolder> {
  try {
    yield { folder, segments };
    if (segments.length >= MAX_DEPTH) return;
    for (const name of (await namesIn(folder)).folders) {
      const below = await openSubfolder(folder, name);
      if (below !== undefined) yield* walk(below, [...segments, name]);
    }
  } finally {
    await folder[Symbol.asyncDispose]();
  }
}

/** A name that is not UTF-8 cannot be a path of an artifact; such files stay where they are and are not listed. */
function nameOf(bytes: Buffer): string | undefined {
  const name = bytes.toString("utf8");
  return Buffer.from(name, "utf8").equals(bytes) ? name : undefined;
}

function absent(error: unknown): undefined {
  if (isAbsent(error)) return undefined;
  throw error;
}
