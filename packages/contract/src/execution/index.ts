export * from "./operations.ts";
export * from "./runDefinition.ts";
