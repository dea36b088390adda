// What stores of snapshots can do for whoever moves all of a workspace: tell what there is, and take it as it is. Contents are checked.
import { randomUUID } from "node:crypto";
import { lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MalachiteError, type Scope } from "@malachite/core";
import { onStorage, orNothing, writeStream } from "../../../files/index.ts";
import { syncFolderNow } from "./syncFolder.ts";

/** A snapshot by its id, which a client may have chosen, and the tree that it is. */
export type KnownSnapshot = { readonly id: string; readonly tree: string };

export interface SnapshotMover {
  /** Every snapshot of the workspace. */
  snapshotsOf(scope: Scope): AsyncIterable<KnownSnapshot>;
  /** What a client told of it, as the store keeps that; undefined when nothing is kept. */
  nodesOf(scope: Scope, id: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Keeps a content. Throws ContentMismatch. */
  adoptContent(sha256: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Makes it known in the workspace. Its tree and all contents are here. */
  adoptSnapshot(
    scope: Scope,
    snapshot: KnownSnapshot & { readonly nodes?: AsyncIterable<Uint8Array> },
  ): Promise<void>;
  /** Says which snapshot was kept last by a client. */
  adoptLatest(scope: Scope, id: string): Promise<void>;
  /** No snapshot is known in the workspace any more. Contents stay: others may have them. */
  forgetSnapshots(scope: Scope): Promise<void>;
}

/** Keeps the stream as a read-only file, seen when it is whole and durable. `sha256`: what it must be. */
export async function adoptFile(
  staging: string,
  target: string,
  bytes: AsyncIterable<Uint8Array>,
  sha256?: string,
): Promise<void> {
  await onStorage("Keeping a project", async () => {
    await mkdir(staging, { recursive: true });
    const temporary = join(staging, randomUUID());
    try {
      await using handle = await open(temporary, "wx", 0o444);
      const found = (await writeStream(bytes, handle)).sha256;
      if (sha256 !== undefined && found !== sha256)
        throw new MalachiteError(
          "ContentMismatch",
          `A content that should have the SHA-256 ${sha256} has ${found}.`,
        );
      await handle.datasync();
      // One that is there already stays: it may be in use.
      if (sha256 !== undefined && (await lstat(target).catch(orNothing)) !== undefined) return;
      await mkdir(dirname(target), { recursive: true });
      await rename(temporary, target);
      syncFolderNow(dirname(target));
    } finally {
      await rm(temporary, { force: true });
    }
  });
}
