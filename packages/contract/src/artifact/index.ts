export * from "./artifact.ts";
export * from "./operations.ts";
