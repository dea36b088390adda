// Suites that hold drivers and stores to their ports; exported, so that others can test theirs.

export * from "./artifactStore.ts";
export * from "./blobStore.ts";
export * from "./buildZip.ts";
export * from "./compute.ts";
export {
  baseImage,
  type EngineName,
  type EngineUnderTest,
  loadImage,
  startContainerEngine,
  withoutEngine,
} from "./containerEngine.ts";
export { type Door, openDoor } from "./door.ts";
export { type StartedEngine, startEngine } from "./engineScripts.ts";
export { freePort } from "./freePort.ts";
export { checkHistory, type HistoryEntry } from "./historyChecker.ts";
export * from "./hostileArchives.ts";
export { type ClusterUnderTest, startCluster, withoutCluster } from "./kubernetesCluster.ts";
export { madeOnce } from "./madeOnce.ts";
export { withoutMounts } from "./mountsUnderTest.ts";
export { type PostgresUnderTest, startPostgres, withoutPostgres } from "./postgresServer.ts";
export * from "./runStore.ts";
export {
  hideFromNodes,
  mpiOfMachine,
  type SlurmUnderTest,
  startLab,
  startSlurm,
  withoutSlurm,
} from "./slurmEngine.ts";
export type { OpenSnapshotStore, SnapshotStoreUnderTest } from "./snapshotFixture.ts";
export * from "./snapshotStore.ts";
export { type SshServerUnderTest, startSshServer, withoutSshServer } from "./sshServer.ts";
export {
  type AzureServer,
  type S3Server,
  startAzurite,
  startAzuriteWithTokens,
  startMoto,
  startS3,
} from "./storageServers.ts";
