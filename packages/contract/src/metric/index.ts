export * from "./metric.ts";
export * from "./operations.ts";
export * from "./runMetric.ts";
