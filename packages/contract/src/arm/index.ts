export * from "./deployments.ts";
export * from "./operations.ts";
export * from "./resources.ts";
export * from "./signIn.ts";
