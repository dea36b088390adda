export * from "./definition.ts";
export * from "./files.ts";
export * from "./logs.ts";
export * from "./metricSeries.ts";
export * from "./operations.ts";
export * from "./snapshotFiles.ts";
export * from "./tree.ts";
