// Makes a project of this machine's cache known in the object storage: contents and listing are there before the snapshot is, and no sweep
// takes any of them meanwhile.
import type { Scope } from "@malachite/core";
import type { KnownSnapshot } from "../folder/moveSnapshots.ts";
import type { ContentCache, ProjectFile } from "./contentCache.ts";
import type { Objects } from "./objects.ts";
import { pinTree } from "./projectPins.ts";
import type { SnapshotEntries } from "./snapshotEntries.ts";
import { nodesKey } from "./snapshotKeys.ts";

export type PublishAsk = {
  readonly scope: Scope;
  readonly snapshot: KnownSnapshot;
  /** What its tree lists. */
  files(): AsyncIterable<ProjectFile>;
  /** The file of what its client told of it. */
  readonly nodes?: string;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Answers the contents that are neither here nor in the storage; the snapshot is made known if there are none. The pin comes first, then it
 * is looked what is condemned: all that is relied on after that stays as long as the pin, and then as long as the snapshot.
 */
export async function publishProject(
  { scope, snapshot, files, nodes, signal }: PublishAsk,
  {
    objects,
    contents,
    entries,
  }: {
    readonly objects: Objects;
    readonly contents: ContentCache;
    readonly entries: SnapshotEntries;
  },
): Promise<readonly ProjectFile[]> {
  const { id, tree } = snapshot;
  // One that is known in the workspace is a pin itself; what was lost of it since may have come again.
  const isKnown = entries.known(scope, id) === tree;
  for (;;) {
    await using pin = isKnown ? undefined : await pinTree(objects, tree);
    const turn = await contents.sendTree(tree, signal);
    const missing = await contents.send(files(), turn, signal);
    if (missing.length > 0) return missing;
    if (nodes !== undefined) await contents.sendFile(nodesKey(scope, id), nodes);
    if (pin === undefined) return [];
    await entries.register(scope, id, tree);
    // Gone: this server slept for days, and was taken for dead.
    if (await pin.isThere()) return [];
  }
}
