// Artifacts as blobs: how they are named, and the files of a running run among them, which are read where they grow.
import {
  ARTIFACT_BLOBS,
  decodeBlobPart,
  decodeBlobPath,
  encodeBlobPart,
  encodeBlobPath,
} from "../domain/blob/blobName.ts";
import { isMalachiteError } from "../domain/failure/malachiteError.ts";
import type { Scope } from "../domain/scope.ts";
import type { BlobAddress, BlobInfo, BlobStore, OpenBlob } from "../ports/blobStore.ts";
import type { Container, OpenRunFile, RunFile } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { listFiles, openFile } from "./runFiles.ts";

type BlobPorts = Pick<FlowPorts, "artifacts" | "blobs" | "runs" | "targets">;

/** The origin of what runs make; its containers are named by themselves alone. */
const RUN_ORIGIN = "experimentrun";

/** Where the files of an artifact container are kept. Origins are compared without regard to case. */
export const containerOf = (scope: Scope, origin: string, container: string): Container =>
  origin.toLowerCase() === RUN_ORIGIN
    ? { scope, container }
    : { scope, container: `${origin.toLowerCase()}/${container}` };

/** An artifact's blob, or the prefix of a container's when no path is given. */
export function artifactBlob(
  { scope, container }: Container,
  path?: string,
): { container: string; blob: string } {
  const { subscriptionId, resourceGroup, workspace } = scope;
  const parts = [subscriptionId, resourceGroup, workspace].map((part) => encodeBlobPart(part.toLowerCase()));
  const rest = path === undefined ? [] : [encodeBlobPath(path)];
  return { container: ARTIFACT_BLOBS, blob: [...parts, encodeBlobPart(container), ...rest].join("/") };
}

/** The parts of a name in front of an artifact's path: the scope's three and the container. */
export const ARTIFACT_PARTS = 4;

/** What a storage container and a name in it mean; undefined for a name that no artifact has. A prefix will do for a path. */
export function bucketOfBlob(container: string, blob: string): BlobAddress | undefined {
  if (container !== ARTIFACT_BLOBS) return { bucket: { kind: "store", name: container }, path: blob };
  const parts = blob.split("/");
  const [subscriptionId, resourceGroup, workspace, name] = parts.slice(0, ARTIFACT_PARTS).map(decodeBlobPart);
  const path = decodeBlobPath(parts.slice(ARTIFACT_PARTS).join("/"));
  if (!subscriptionId || !resourceGroup || !workspace || !name || path === undefined) return undefined;
  if (parts.length <= ARTIFACT_PARTS) return undefined;
  const scope = { subscriptionId, resourceGroup, workspace };
  return { bucket: { kind: "artifacts", scope, container: name }, path };
}

/** The store, with the files that still grow in a run's folder. They are read like any other; what is written is kept beside. */
export function withLiveFiles(ports: BlobPorts): BlobStore {
  const { blobs } = ports;
  const live = async ({ bucket, path }: BlobAddress): Promise<OpenRunFile | undefined> => {
    if (bucket.kind !== "artifacts") return undefined;
    const file = await openFile(bucket, path, ports).catch((error: unknown) => {
      if (isMalachiteError(error) && error.code === "ArtifactNotFound") return undefined;
      throw error;
    });
    if (file === undefined || file.info.live) return file;
    // A blob of the store has facts beside its bytes.
    await file[Symbol.asyncDispose]();
    return undefined;
  };
  const open = async (at: BlobAddress): Promise<OpenBlob | undefined> => {
    const file = await live(at);
    if (file === undefined) return blobs.open(at);
    const { link: _, ...growing } = file;
    return { ...growing, info: liveInfo(file.info) };
  };
  return {
    ...bound(blobs),
    open,
    async get(at) {
      await using file = await live(at);
      return file === undefined ? await blobs.get(at) : liveInfo(file.info);
    },
    async list(bucket, ask) {
      if (bucket.kind !== "artifacts" || ask.folders) return blobs.list(bucket, ask);
      const { values, next } = await listFiles(bucket, ask, ports);
      const infos = values.map(async (file) =>
        file.live ? liveInfo(file) : ((await blobs.get({ bucket, path: file.path })) ?? liveInfo(file)),
      );
      return { values: await Promise.all(infos), more: next !== undefined };
    },
  };
}

/** The methods of the store as they are: it may be an object of a class. */
function bound(blobs: BlobStore): BlobStore {
  return {
    open: (at) => blobs.open(at),
    get: (at) => blobs.get(at),
    put: (at, stream, ask) => blobs.put(at, stream, ask),
    stage: (at, id, stream, ask) => blobs.stage(at, id, stream, ask),
    commit: (at, blocks, ask) => blobs.commit(at, blocks, ask),
    blocks: (at, ask) => blobs.blocks(at, ask),
    createAppend: (at, ask) => blobs.createAppend(at, ask),
    append: (at, stream, ask) => blobs.append(at, stream, ask),
    describe: (at, change, ask) => blobs.describe(at, change, ask),
    remove: (at, ask) => blobs.remove(at, ask),
    take: (at) => blobs.take(at),
    list: (bucket, ask) => blobs.list(bucket, ask),
  };
}

const liveInfo = (file: RunFile): BlobInfo => ({
  path: file.path,
  kind: "block",
  sizeBytes: file.sizeBytes,
  etag: file.etag,
  createdAt: file.createdAt,
  changedAt: file.changedAt,
  headers: {},
  metadata: {},
});
