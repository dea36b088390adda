export * from "./deployments.ts";
export * from "./operations.ts";
export * from "./resources.ts";
