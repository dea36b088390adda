// The one layer through which files of the data folder and of runs are opened, written and removed.
export * from "./isExecutable.ts";
export * from "./lookAt.ts";
export * from "./makeTree.ts";
export * from "./openInside.ts";
export * from "./readRange.ts";
export * from "./removeTree.ts";
export * from "./spool.ts";
export * from "./storageFailed.ts";
export * from "./writeFileAtomic.ts";
