export type * from "./artifactStore.ts";
export type * from "./clock.ts";
export type * from "./computeDriver.ts";
export type * from "./environmentBuilder.ts";
export type * from "./localBundler.ts";
export type * from "./runStore.ts";
export type * from "./runTokens.ts";
export type * from "./snapshotStore.ts";
