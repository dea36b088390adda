export * from "./environment.ts";
export * from "./operations.ts";
