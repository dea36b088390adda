// Files of the service in an object storage: Azure Blob Storage or S3.
export { checkStorage } from "./checkStorage.ts";
export { containersOf } from "./keys.ts";
export * from "./objectArtifactStore.ts";
export * from "./objectBlobStore.ts";
export * from "./objectFiles.ts";
export * from "./objectSnapshotStore.ts";
export * from "./objectStorage.ts";
export type { Objects } from "./objects.ts";
export { DEFAULT_PATIENCE } from "./patience.ts";
