// How an error is written, by the family of addresses it comes from: each client reads the shape of its own service.
import type { Code, ErrorKind, MalachiteError } from "@malachite/core";
import type { HttpError } from "./errors.ts";

/** An error in the words of one family. */
export type Written = {
  readonly contentType: string;
  readonly body: string;
  /** Where the family has another status for it. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
};
/** A target that begins so names a code of Azure Storage. */
export const AZURE_CODE = "blob:";

type Dialect = (answer: HttpError, error: MalachiteError | undefined) => Written;

const JSON_TYPE = "application/json; charset=utf-8";

/** The envelope of the v1 services. */
const azureml: Dialect = ({ body }) => ({ contentType: JSON_TYPE, body: JSON.stringify(body) });

const MLFLOW_CODES = {
  invalid: "INVALID_PARAMETER_VALUE",
  notFound: "RESOURCE_DOES_NOT_EXIST",
  conflict: "RESOURCE_ALREADY_EXISTS",
  denied: "PERMISSION_DENIED",
  throttled: "REQUEST_LIMIT_EXCEEDED",
  unavailable: "TEMPORARILY_UNAVAILABLE",
  fault: "INTERNAL_ERROR",
} as const satisfies Record<ErrorKind, string>;

const MLFLOW_EXCEPTIONS: Partial<Record<Code, string>> = {
  NotAuthenticated: "UNAUTHENTICATED",
  RouteNotFound: "ENDPOINT_NOT_FOUND",
  NotOffered: "NOT_IMPLEMENTED",
};

/** MLflow's REST API: `error_code` and `message` at the top. What is there already is a 400 for its clients. */
const mlflow: Dialect = ({ status, body }, error) => {
  const code = (error && MLFLOW_EXCEPTIONS[error.code]) ?? MLFLOW_CODES[error?.kind ?? "fault"];
  return {
    ...(status === 409 ? { status: 400 } : {}),
    contentType: JSON_TYPE,
    body: JSON.stringify({ error_code: code, message: body.error?.message ?? "" }),
  };
};

/** Model management has a flat error of its own (modelManagement.json, ModelErrorResponse). */
const modelManagement: Dialect = ({ status, body }, error) => ({
  contentType: JSON_TYPE,
  body: JSON.stringify({
    code: error?.code ?? "Unexpected",
    statusCode: status,
    message: body.error?.message ?? "",
    details: body.error?.details ?? [],
    correlation: body.correlation,
  }),
});

const BLOB_KINDS = {
  invalid: "InvalidInput",
  notFound: "ResourceNotFound",
  conflict: "BlobAlreadyExists",
  denied: "AuthorizationFailure",
  throttled: "ServerBusy",
  unavailable: "ServerBusy",
  fault: "InternalError",
} as const satisfies Record<ErrorKind, string>;

/** Azure's words for our codes, where the kind alone would say less. */
const BLOB_CODES: Partial<Record<Code, string>> = {
  AppendPositionMismatch: "AppendPositionConditionNotMet",
  AppendTooLong: "MaxBlobSizeConditionNotMet",
  BadBlockList: "InvalidBlockList",
  BadPath: "InvalidResourceName",
  BadRange: "InvalidRange",
  ArtifactNotFound: "BlobNotFound",
  BlobNotFound: "BlobNotFound",
  BlobTypeMismatch: "InvalidBlobType",
  ConditionNotMet: "ConditionNotMet",
  ContainerExists: "ContainerAlreadyExists",
  ContentMismatch: "Md5Mismatch",
  LinkRefused: "AuthenticationFailed",
  LinkTooNarrow: "AuthorizationPermissionMismatch",
  TooLarge: "RequestBodyTooLarge",
  TooManyBlocks: "BlockCountExceedsLimit",
};

/** Azure Storage: XML, and its code once more in a header. The blob routes name further codes by `target`. */
const blob: Dialect = ({ body }, error) => {
  const code = error?.target?.startsWith(AZURE_CODE)
    ? error.target.slice(AZURE_CODE.length)
    : ((error && BLOB_CODES[error.code]) ?? BLOB_KINDS[error?.kind ?? "fault"]);
  const message = escapeXml(body.error?.message ?? "");
  return {
    contentType: "application/xml",
    headers: { "x-ms-error-code": code },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  };
};

/** Text inside an XML element. */
export const escapeXml = (text: string): string =>
  text
    // XML 1.0 has no way to write these.
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .toWellFormed();

const ARM_CODES = {
  invalid: "BadRequest",
  notFound: "ResourceNotFound",
  conflict: "Conflict",
  denied: "AuthorizationFailed",
  throttled: "TooManyRequests",
  unavailable: "ServiceUnavailable",
  fault: "InternalServerError",
} as const satisfies Record<ErrorKind, string>;

/** Azure Resource Manager: the same envelope, its own words for what is wrong. */
const resourceManager: Dialect = ({ status, body }, error) => {
  const code = status === 401 ? "AuthenticationFailed" : ARM_CODES[error?.kind ?? "fault"];
  return {
    contentType: JSON_TYPE,
    body: JSON.stringify({ ...body, error: { ...body.error, code } }),
  };
};

const FAMILIES: readonly (readonly [RegExp, Dialect])[] = [
  [/^\/+mlflow\//i, mlflow],
  [/^\/+(?:model(?:management|registry)|api\/subscriptions)\//i, modelManagement],
  [/^\/+(?:subscriptions|tenants|rp|metadata)(?:[/?]|$)/i, resourceManager],
  // Blob containers have names that begin so; see the blob surface.
  [/^\/+azureml/i, blob],
];

/** The error as the clients of that address read it. */
export const writeError = (url: string, answer: HttpError, error: MalachiteError | undefined): Written =>
  (FAMILIES.find(([address]) => address.test(url))?.[1] ?? azureml)(answer, error);
