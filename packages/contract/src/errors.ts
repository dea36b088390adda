// The error envelope of every Azure ML v1 service (execution.json, ErrorResponse). Shapes only: who is to blame is decided in core.
import Type, { type Static } from "typebox";
import { anyObject, dateTime, mapOf, model, optional } from "./model.ts";

/** The six codes of the contract. Finer codes travel in `innerError`. */
export const ERROR_CODES = [
  "ServiceError",
  "UserError",
  "ValidationError",
  "AzureStorageError",
  "TransientError",
  "RequestThrottled",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export type InnerErrorResponse = { code?: string; innerError?: InnerErrorResponse };
/** Nested finer codes; a reader takes the deepest one that it knows. */
export const InnerErrorResponse = model("InnerErrorResponse", {
  code: optional(Type.String({ description: "The error code." })),
  innerError: optional(Type.Unsafe<InnerErrorResponse>({ ref: "InnerErrorResponse" })),
});

/** One fault among several: `target` is the path of the property at fault. */
export const ErrorDetails = model("ErrorDetails", {
  code: optional(Type.String({ description: "The error code." })),
  message: optional(Type.String({ description: "The error message." })),
  target: optional(
    Type.String({ description: "The target of the error (e.g., the name of the property in error)." }),
  ),
});
export type ErrorDetails = Static<typeof ErrorDetails>;

export const RootError = model("RootError", {
  code: optional(Type.String({ description: `One of ${ERROR_CODES.join(", ")}.` })),
  message: optional(Type.String({ description: "What was asked, what was found, what to do." })),
  target: optional(Type.String()),
  details: optional(Type.Array(ErrorDetails)),
  innerError: optional(InnerErrorResponse),
  additionalInfo: optional(Type.Array(anyObject())),
});
export type RootError = Static<typeof RootError>;

export const ErrorResponse = model("ErrorResponse", {
  error: optional(RootError),
  correlation: optional(mapOf(Type.String(), { description: "Ids of the request and the operation." })),
  environment: optional(Type.String()),
  location: optional(Type.String()),
  time: optional(dateTime()),
  componentName: optional(Type.String()),
});
export type ErrorResponse = Static<typeof ErrorResponse>;
