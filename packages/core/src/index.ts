// What a run is and what happens to it. No I/O here: adapters of the ports do it.
export * from "./domain/environment/environment.ts";
export * from "./domain/failure/catalogue.ts";
export * from "./domain/failure/malachiteError.ts";
export * from "./domain/failure/reasons.ts";
export * from "./domain/launch/exitRecord.ts";
export * from "./domain/launch/launchKey.ts";
export * from "./domain/launch/launchPlan.ts";
export * from "./domain/launch/startScript.ts";
export * from "./domain/query/filter.ts";
export * from "./domain/run/advance.ts";
export * from "./domain/run/next.ts";
export * from "./domain/run/run.ts";
export * from "./domain/scope.ts";
export * from "./domain/snapshot/projectPath.ts";
export * from "./domain/snapshot/projectTree.ts";
export type * from "./flow/flow.ts";
export * from "./flow/index.ts";
export type * from "./ports/index.ts";
