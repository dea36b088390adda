export * from "./operations.ts";
export * from "./snapshot.ts";
