// Projects as the outside sends and fetches them: `flow.snapshots`. A first write may make the workspace.
import type { malachite } from "@malachite/contract";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { Scope } from "../domain/scope.ts";
import type { Snapshot, TreeBody, TreeUpload, Upload } from "../ports/snapshotStore.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import type { FlowPorts } from "./ports.ts";
import { keepSentSnapshot, type SentSnapshot, sweepSnapshotUploads, uploadName } from "./snapshotUploads.ts";

export interface SnapshotFlow {
  /** The snapshot of exactly these files, made if their contents are all here; else which contents are missing. */
  offer(
    scope: Scope,
    files: readonly malachite.ProjectFile[],
  ): Promise<{ readonly snapshot: Snapshot } | { readonly missing: readonly string[] }>;
  /** Keeps the contents of an archive's files, for an offer. Returns how many there were. */
  keepContents(scope: Scope, zip: Upload): Promise<number>;

  /** Reads the body by which a client describes a snapshot whose files it has sent. */
  readBody(file: string): Promise<TreeBody>;
  /** Keeps a snapshot that its client describes; see SnapshotStore.keepTree. */
  keep(scope: Scope, upload: Omit<TreeUpload, "at">): Promise<Snapshot | undefined>;
  /** Keeps a snapshot whose files were sent as blobs. */
  keepSent(scope: Scope, sent: SentSnapshot): Promise<Snapshot | undefined>;
  /** The name of a blob for one file of a coming snapshot. */
  uploadName(scope: Scope): string;
  /** Removes blobs that no snapshot was made of. */
  sweepUploads(): Promise<void>;

  /** Throws SnapshotNotFound, as the three below do. */
  get(scope: Scope, snapshotId: string): Promise<Snapshot>;
  /** By the hash of its tree. */
  byTree(scope: Scope, tree: string): Promise<Snapshot>;
  /** Its files in order of path, those behind `after`. */
  files(
    scope: Scope,
    snapshotId: string,
    ask: { readonly prefix?: string; readonly after?: string; readonly limit: number },
  ): Promise<{ readonly values: readonly malachite.ProjectFile[]; readonly next?: string }>;
  /** One of its files by path. Throws ArtifactNotFound too. */
  file(scope: Scope, snapshotId: string, path: string): Promise<malachite.ProjectFile>;
  /** The bytes of such a file, `from` up to but not including `to`. */
  read(file: malachite.ProjectFile, from: number, to: number): AsyncIterable<Uint8Array>;
  zip(scope: Scope, snapshotId: string): Promise<AsyncIterable<Uint8Array>>;
  /** Its tree as JSON. */
  metadata(scope: Scope, snapshotId: string): Promise<AsyncIterable<Uint8Array>>;
  /** The same of the workspace's latest; undefined when there is none. */
  latestMetadata(scope: Scope): Promise<AsyncIterable<Uint8Array> | undefined>;
}

type Ports = Pick<FlowPorts, "snapshots" | "blobs" | "workspaces" | "settings" | "clock" | "ids">;

export function snapshotFlow(ports: Ports): SnapshotFlow {
  const { snapshots } = ports;
  const get = async (scope: Scope, id: string) =>
    (await snapshots.get(scope, id)) ?? missing(`snapshot '${id}'`, scope);
  return {
    async offer(scope, files) {
      await allowWorkspace(scope, ports);
      return snapshots.offer(scope, files);
    },
    async keepContents(scope, zip) {
      await allowWorkspace(scope, ports);
      return snapshots.keepContents(zip);
    },
    readBody: (file) => snapshots.readTreeBody(file),
    async keep(scope, upload) {
      await allowWorkspace(scope, ports);
      return snapshots.keepTree(scope, { ...upload, at: ports.clock.now() });
    },
    keepSent: (scope, sent) => keepSentSnapshot(scope, sent, ports),
    uploadName: (scope) => uploadName(scope, ports),
    sweepUploads: () => sweepSnapshotUploads(ports),
    get,
    byTree: async (scope, tree) => (await snapshots.byTree(scope, tree)) ?? missing(`tree '${tree}'`, scope),
    files: async (scope, id, ask) => snapshotPage((await get(scope, id)).tree, ask, snapshots),
    async file(scope, id, path) {
      const file = await snapshots.find((await get(scope, id)).tree, path);
      if (file) return file;
      throw new MalachiteError("ArtifactNotFound", `The snapshot '${id}' has no file '${path}'.`, {
        target: "path",
      });
    },
    read: (file, from, to) => snapshots.read(file, from, to),
    zip: async (scope, id) => snapshots.zip((await get(scope, id)).tree),
    metadata: async (scope, id) =>
      (await snapshots.metadata(scope, id)) ?? missing(`snapshot '${id}'`, scope),
    async latestMetadata(scope) {
      const id = await snapshots.latest(scope);
      return id === undefined ? undefined : snapshots.metadata(scope, id);
    },
  };
}

function missing(what: string, scope: Scope): never {
  throw new MalachiteError("SnapshotNotFound", `The workspace '${scope.workspace}' has no ${what}.`);
}

/** The tree is read from its beginning each time: a listing of a million files takes seconds of streaming, and no memory. */
async function snapshotPage(
  tree: string,
  {
    prefix = "",
    after,
    limit,
  }: { readonly prefix?: string; readonly after?: string; readonly limit: number },
  snapshots: Pick<FlowPorts["snapshots"], "files">,
): Promise<{ readonly values: readonly malachite.ProjectFile[]; readonly next?: string }> {
  const values: malachite.ProjectFile[] = [];
  for await (const file of snapshots.files(tree)) {
    if (after !== undefined && file.path <= after) continue;
    if (!file.path.startsWith(prefix)) {
      if (file.path > prefix) break;
      continue;
    }
    if (values.length === limit) {
      const next = values.at(-1)?.path;
      return { values, ...(next === undefined ? {} : { next }) };
    }
    values.push(file);
  }
  return { values };
}
