// Everything that goes over the wire. One namespace an API, so that names stay those of the contract.
export * from "./apis.ts";
export * from "./errors.ts";
export { openApiDocument, operations } from "./openapi.ts";
export type {
  AnswerBody,
  AnswerOf,
  BodyOf,
  Operation,
  ParamsOf,
  QueryOf,
  RequestBody,
} from "./operation.ts";
export { type Fault, readWire } from "./read.ts";
export { RUN_ID_PATTERN, workspacePath } from "./scope.ts";
