// Snapshots and artifacts as plain files of the data folder.
export * from "./artifactStore.ts";
export * from "./blobStore.ts";
export { fileZipper } from "./fileZipper.ts";
export { KeyedLock } from "./keyedLock.ts";
export { checkedFolder, containerFolder, isContainerItself, workspaceFolder } from "./layout.ts";
export { movedFacts } from "./movedFacts.ts";
export type { KnownSnapshot, SnapshotMover } from "./moveSnapshots.ts";
export * from "./snapshotStore.ts";
export { workerEntry } from "./threads/workerEntry.ts";
export { type ArchiveLimits, DEFAULT_LIMITS } from "./zip/archiveLimits.ts";
