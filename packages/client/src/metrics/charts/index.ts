// Readers of the v1 SDK's charts: pure, for whoever draws them.
export * from "./accuracyTable.ts";
export * from "./artifactOfMetric.ts";
export * from "./chart.ts";
export { ChartError } from "./readValues.ts";
export * from "./table.ts";
