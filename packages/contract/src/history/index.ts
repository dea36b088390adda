export * from "./event.ts";
export * from "./experiment.ts";
export * from "./operations.ts";
export * from "./query.ts";
export * from "./run.ts";
