export * from "./metricSeries.ts";
export * from "./operations.ts";
export * from "./tree.ts";
