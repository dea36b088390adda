// Writes the listing of a project whose contents are here. Runs in a worker: it waits for the disk.
import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import type { malachite } from "@malachite/contract";
import type { Snapshot } from "@malachite/core";
import { hashedPath, type SnapshotLayout } from "../layout.ts";
import { syncFolderNow } from "../syncFolder.ts";
import { sortFiles, writeTree } from "../treeFile.ts";
import { type CancelFlag, stopIfCancelled } from "./cancelled.ts";
import { isSurelyDurable } from "./staging.ts";
import { markUsed } from "./sweepContents.ts";
import { Syncer } from "./syncer.ts";

export type KeepTreeAsk = {
  readonly layout: SnapshotLayout;
  readonly files: readonly malachite.ProjectFile[];
};

/** Durable when it resolves, and with it the contents: another upload that brought some may not have ended yet. */
export async function keepTree({ layout, files }: KeepTreeAsk, flag: CancelFlag): Promise<Snapshot> {
  const recent = new Set<string>();
  for (const file of files) {
    stopIfCancelled(flag);
    const path = hashedPath(layout.contents, file.sha256);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found) markUsed(path, found);
    if (found && !isSurelyDurable(found)) recent.add(dirname(path));
  }
  const syncer = new Syncer();
  for (const folder of recent) await syncer.folder(folder);
  await syncer.done();
  return storeTree(layout, [...files]);
}

/** Writes the listing and makes it and its name durable. Sorts `files`. */
export function storeTree(layout: SnapshotLayout, files: malachite.ProjectFile[]): Snapshot {
  const snapshot = writeTree(layout.trees, sortFiles(files));
  syncFolderNow(dirname(hashedPath(layout.trees, snapshot.tree)));
  syncFolderNow(layout.trees);
  return snapshot;
}
