export * from "./artifact.ts";
export * from "./byPath.ts";
export * from "./operations.ts";
