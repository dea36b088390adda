// Checks an error envelope field by field, as the contract and the catalogue of codes promise it.
import assert from "node:assert/strict";

export type Refusal = {
  readonly status: number;
  /** One of the contract's six. */
  readonly code: string;
  /** The word of the catalogue: the deepest innerError. */
  readonly inner: string;
  readonly target?: string;
  /** The target of each detail, in any order. */
  readonly details?: readonly string[];
  readonly message?: RegExp;
};

type Seen = {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  json(): unknown;
};

const INNER_OF: Readonly<Record<number, string>> = {
  400: "BadArgument",
  401: "Forbidden",
  403: "Forbidden",
  404: "NotFound",
  405: "NotFound",
  409: "Conflict",
  413: "BadArgument",
  415: "BadArgument",
  416: "BadArgument",
  429: "Throttled",
  500: "Internal",
  503: "Unavailable",
};

/** Fails unless the answer is exactly this refusal, in a whole envelope. */
export function assertRefused(answer: Seen, want: Refusal): void {
  const body = answer.json() as {
    error: {
      code: string;
      message: string;
      target?: string;
      details: { code: string; message: string; target?: string }[];
      innerError: { code: string; innerError: { code: string; innerError?: unknown } };
    };
    correlation: Record<string, unknown>;
    environment: string;
    location: string;
    time: string;
    componentName: string;
  };
  const context = JSON.stringify(body);
  assert.equal(answer.status, want.status, context);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json/, context);
  assert.deepEqual(
    Object.keys(body).sort(),
    ["componentName", "correlation", "environment", "error", "location", "time"],
    context,
  );
  const { error } = body;
  assert.equal(error.code, want.code, context);
  assert.equal(error.innerError.innerError.code, want.inner, context);
  assert.equal(error.innerError.code, INNER_OF[want.status], context);
  assert.equal(error.innerError.innerError.innerError, undefined, context);
  assert.ok(error.message.length > 10, context);
  if (want.message) assert.match(error.message, want.message, context);
  if (want.target !== undefined) assert.equal(error.target, want.target, context);
  assert.ok(Array.isArray(error.details), context);
  for (const detail of error.details) {
    assert.equal(typeof detail.code, "string", context);
    assert.ok(detail.message.length > 0, context);
  }
  if (want.details)
    assert.deepEqual(error.details.map((detail) => detail.target).sort(), [...want.details].sort(), context);
  // Generated clients refuse any correlation value that is not text.
  assert.deepEqual(Object.keys(body.correlation).sort(), ["operation", "request"], context);
  for (const id of Object.values(body.correlation)) assert.ok(typeof id === "string" && id !== "", context);
  assert.equal(answer.headers.get("x-ms-request-id"), body.correlation.request, context);
  for (const name of [body.environment, body.location, body.componentName]) assert.ok(name, context);
  assert.ok(Math.abs(Date.parse(body.time) - Date.now()) < 60_000, context);
  if (want.status === 401) assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/, context);
  if (want.status === 503) assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/, context);
}
