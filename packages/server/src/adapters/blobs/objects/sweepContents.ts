// Removes contents and listings of projects that no snapshot has from an object storage. May die anywhere and be done by several at once:
// what one leaves is found by the next. Why nothing goes that somebody relies on: condemned.ts.
import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MalachiteError } from "@malachite/core";
import { eachOf } from "../../shared/eachOf.ts";
import { isSha256, isSnapshotId } from "../folder/layout.ts";
import type { Condemned } from "./condemned.ts";
import { type ContentCache, hashOf } from "./contentCache.ts";
import { HashFilter } from "./hashFilter.ts";
import type { Objects } from "./objects.ts";
import { PINS, removePins } from "./projectPins.ts";
import { isEntry, treeIn } from "./snapshotEntries.ts";
import { nodesWithContents } from "./snapshotKeys.ts";

export type SweepParts = {
  readonly objects: Objects;
  readonly contents: ContentCache;
  readonly condemned: Condemned;
  /** For files that are read and removed. */
  readonly staging: string;
  readonly now: () => number;
};

/** Condemned together: a list of so many keys is some megabytes, which every server reads. */
const CONDEMNED_AT_ONCE = 50_000;
const REMOVED_AT_ONCE = 1000;
const READ_AT_ONCE = 16;
/** 16 MB, for ten million contents that are referred to. Of those that are not, a few stay until the next time. */
const FILTER_SIZE = 27;
/** Many snapshots have one tree: so many are remembered, that each need not be read again. */
const REMEMBERED = 100_000;
/** A sweep that slept removes nothing: others may have forgotten what it condemned. */
const LONGEST_MS = 24 * 3600_000;

/** How many went, and their bytes. `before`: younger ones stay, as they may be part of an upload that is under way. */
export async function sweepContents(
  parts: SweepParts,
  before: number,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const { objects, condemned, now } = parts;
  await removePins(objects, before);
  await removeNodesOfEnded(objects, before);
  let files = 0;
  let bytes = 0;
  for (let held = await allHeld(parts); ; ) {
    const until = now() + LONGEST_MS;
    const unheld = await findUnheld(objects, held, before);
    if (unheld.size === 0) break;
    await condemned.add([...unheld.keys()]);
    // Whoever refers to one of them from now on sees that it is condemned; who did before is seen here.
    held = await allHeld(parts);
    const going = [...unheld].filter(([key]) => !held.has(hashOf(key) ?? ""));
    for (let at = 0; at < going.length; at += REMOVED_AT_ONCE) {
      if (now() > until)
        throw new MalachiteError(
          "StorageFailed",
          "Sweeping projects took longer than a day. Begin it again.",
        );
      const some = going.slice(at, at + REMOVED_AT_ONCE);
      await objects.remove(some.map(([key]) => key));
      files += some.length;
      bytes += some.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0);
    }
    if (unheld.size < CONDEMNED_AT_ONCE) break;
  }
  await condemned.forgetOld(now());
  return { files, bytes };
}

/** Keys of contents and listings that nobody seems to refer to, with their sizes. */
async function findUnheld(
  objects: Objects,
  held: HashFilter,
  before: number,
): Promise<ReadonlyMap<string, number>> {
  const unheld = new Map<string, number>();
  for (const prefix of ["trees/", "contents/"])
    for await (const one of objects.list({ prefix, pageSize: 1000 })) {
      if (!("key" in one) || one.changedAt >= before) continue;
      const hash = hashOf(one.key);
      if (hash === undefined || held.has(hash)) continue;
      unheld.set(one.key, one.sizeBytes);
      if (unheld.size === CONDEMNED_AT_ONCE) return unheld;
    }
  return unheld;
}

/** The hashes of all listings and contents that a snapshot has, or one that is being made. A damaged listing ends the sweep. */
async function allHeld({ objects, contents, staging }: SweepParts): Promise<HashFilter> {
  const held = new HashFilter(FILTER_SIZE);
  const seen = new Set<string>();
  const folder = join(staging, `sweep-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  const hold = async (key: string): Promise<void> => {
    const found = await objects.get(key);
    if (found === undefined) return;
    if (key.startsWith(PARTS)) {
      const file = join(folder, randomUUID());
      await writeFile(file, found.bytes);
      for await (const { sha256 } of nodesWithContents(file)) held.add(sha256);
      return await rm(file);
    }
    const tree = treeIn(found.bytes);
    if (tree === undefined || !isSha256(tree) || seen.has(tree)) return;
    if (seen.size >= REMEMBERED) seen.clear();
    seen.add(tree);
    held.add(tree);
    // One that is nowhere was not sent yet: whoever sends it then looks what is condemned.
    for await (const { sha256 } of contents.filesOf(tree, join(folder, randomUUID()))) held.add(sha256);
  };
  try {
    await eachOf(holders(objects), READ_AT_ONCE, undefined, hold);
    return held;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What clients told of snapshots that have ended. In the list, it follows the entry. */
async function removeNodesOfEnded(objects: Objects, before: number): Promise<void> {
  let ended: string | undefined;
  for await (const one of objects.list({ prefix: "snapshots/", pageSize: 1000 })) {
    if (!("key" in one)) continue;
    if (isSnapshotId(one.key.slice(one.key.lastIndexOf("/") + 1))) ended = isEntry(one) ? undefined : one.key;
    else if (one.key === `${ended}.nodes` && one.changedAt < before)
      await objects.removeVersion(one.key, one.etag);
  }
}

const PARTS = "parts/";

/** The keys of what refers to trees and contents. Pins first: one is removed when the entry of its snapshot is there. */
async function* holders(objects: Objects): AsyncGenerator<string> {
  for (const prefix of [PINS, PARTS])
    for await (const one of objects.list({ prefix, pageSize: 1000 })) if ("key" in one) yield one.key;
  for await (const one of objects.list({ prefix: "snapshots/", pageSize: 1000 }))
    if ("key" in one && isEntry(one)) yield one.key;
}
