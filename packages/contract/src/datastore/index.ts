export * from "./dataStore.ts";
export * from "./operations.ts";
