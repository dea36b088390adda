// Files on their way into a snapshot: clients send them as blobs, each to a link of its own, and say afterwards what they are.
import { type Scope, workspaceKey } from "../domain/scope.ts";
import type { SentFile, Snapshot, TreeBody, TreeUpload } from "../ports/snapshotStore.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import type { FlowPorts } from "./ports.ts";

type UploadPorts = Pick<FlowPorts, "snapshots" | "blobs" | "workspaces" | "settings" | "clock" | "ids">;

/** The storage container that such files are sent to. */
export const SNAPSHOT_UPLOADS = "azureml-snapshots";

/** What nobody has made a snapshot of by then is removed. */
const UPLOAD_LIFETIME_MS = 24 * 3600_000;
const AT_ONCE = 16;
const PAGE = 200;

const bucket = { kind: "store", name: SNAPSHOT_UPLOADS } as const;
const folderOf = (scope: Scope, { ids }: Pick<UploadPorts, "ids">): string =>
  ids.sha256(workspaceKey(scope)).slice(0, 32);

/** A name for one file in that container; no other file ever has it. */
export const uploadName = (scope: Scope, ports: Pick<UploadPorts, "ids">): string =>
  `${folderOf(scope, ports)}/${ports.ids.uuid()}`;

/** What a client says of a snapshot whose files it has sent; `body` is the file that `about` and `sent` were read from. */
export type SentSnapshot = {
  readonly id: string;
  readonly body: string;
  readonly about: TreeBody["about"];
  /** Blobs by name; one without a name is none of ours, and counts as not sent. */
  readonly sent: readonly { readonly name: string; readonly blob: string; readonly sizeBytes?: number }[];
};

/** Keeps it as SnapshotStore.keepTree says. What was sent is gone afterwards, also when it is refused. */
export async function keepSentSnapshot(
  scope: Scope,
  { id, body, about, sent }: SentSnapshot,
  ports: UploadPorts,
): Promise<Snapshot | undefined> {
  await allowWorkspace(scope, ports);
  const own = `${folderOf(scope, ports)}/`;
  const files: SentFile[] = [];
  for (let at = 0; at < sent.length; at += AT_ONCE) {
    const some = sent.slice(at, at + AT_ONCE).map(async ({ name, blob, sizeBytes }) => {
      const taken = blob.startsWith(own) ? await ports.blobs.take({ bucket, path: blob }) : undefined;
      // What was never sent, or was taken by an earlier try, may still be known to the store.
      if (taken) files.push({ name, file: taken.file, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
    });
    await Promise.all(some);
  }
  const upload: TreeUpload = { id, about, tree: body, files, partial: false, at: ports.clock.now() };
  return await ports.snapshots.keepTree(scope, upload);
}

/** Removes what was sent for a snapshot that never came. Any time. */
export async function sweepSnapshotUploads({
  blobs,
  clock,
}: Pick<UploadPorts, "blobs" | "clock">): Promise<void> {
  const until = clock.now() - UPLOAD_LIFETIME_MS;
  for (let after: string | undefined; ; ) {
    const { values, more } = await blobs.list(bucket, {
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const blob of values)
      if ("changedAt" in blob && blob.changedAt < until)
        await blobs.remove({ bucket, path: blob.path }, { check: () => {} });
    const last = values.at(-1);
    if (!more || last === undefined || !("path" in last)) return;
    after = last.path;
  }
}
