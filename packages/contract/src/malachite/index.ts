export * from "./operations.ts";
export * from "./tree.ts";
