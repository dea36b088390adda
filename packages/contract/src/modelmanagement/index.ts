export * from "./model.ts";
export * from "./operations.ts";
