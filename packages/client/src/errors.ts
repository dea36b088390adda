// From a bad answer to an error that says what to do. The class is the Azure SDK's own; it is loaded with the pipeline.
import type { PipelineResponse, RestError } from "@azure/core-rest-pipeline";
import type { ErrorResponse, InnerErrorResponse, RootError } from "./models.ts";

export type { RestError } from "@azure/core-rest-pipeline";

/** True for the errors of requests. By name, because two copies of the library may be loaded. */
export const isRestError = (error: unknown): error is RestError =>
  error instanceof Error && error.name === "RestError";

/** The server's own account of an error, if it gave one. */
export function errorResponseOf(error: unknown): ErrorResponse | undefined {
  return isRestError(error) ? (error.details as ErrorResponse | undefined) : undefined;
}

/** The finest code of an error: the deepest `innerError`. */
export function deepestCode(error: RootError | undefined): string | undefined {
  let code = error?.code;
  // The chain comes from outside: a bound keeps a cycle or a joke from holding us up.
  let inner: InnerErrorResponse | undefined = error?.innerError;
  for (let depth = 0; inner && depth < 50; depth += 1) {
    if (typeof inner.code === "string" && inner.code !== "") code = inner.code;
    inner = inner.innerError;
  }
  return code;
}

/** True for the answers of a server that does not have the thing, or does not know the operation at all. */
export function isNotThere(error: unknown): boolean {
  return isRestError(error) && [404, 405, 501].includes(error.statusCode ?? 0);
}

/** What the parts of a RestError say about a bad answer. */
export type Account = { readonly message: string; readonly code?: string; readonly details?: ErrorResponse };

/** Reads a bad answer: the contract's envelope, or whatever a proxy or a foreign server sent instead. */
export function accountOf(response: PipelineResponse): Account {
  const text = response.bodyAsText ?? "";
  const details = readEnvelope(text);
  const error = details?.error;
  if (error?.message !== undefined || error?.code !== undefined) {
    const code = deepestCode(error);
    return { message: messageOf(error, code, response.status), code, details };
  }
  const type = response.headers.get("content-type")?.split(";")[0] ?? "no content type";
  const excerpt = plainText(text).slice(0, 200);
  const where = `${response.request.method} ${pathOf(response.request.url)}`;
  const what = `${where} was answered with ${response.status} (${type})`;
  return { message: excerpt === "" ? `${what}.` : `${what}: ${excerpt}`, details };
}

/** The message with one line for each property at fault. */
function messageOf(error: RootError, code: string | undefined, status: number): string {
  const lines = [error.message ?? `${code ?? "Error"} (${status})`];
  for (const detail of error.details ?? []) {
    const target = detail?.target ? `${detail.target}: ` : "";
    const message = detail?.message ?? detail?.code;
    if (message && !lines[0]?.includes(`${target}${message}`)) lines.push(`  ${target}${message}`);
  }
  return lines.join("\n");
}

/** The envelope, its own names in any case, since services write both. Undefined when the text is something else. */
function readEnvelope(text: string): ErrorResponse | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined; // An answer that is not JSON is told as text.
  }
  const envelope = camelKeys(parsed, 0);
  if (!isObject(envelope) || !isObject(envelope.error)) return undefined;
  const { details } = envelope.error;
  if (details !== undefined && !Array.isArray(details)) delete envelope.error.details;
  for (const name of ["message", "code"]) {
    if (name in envelope.error && typeof envelope.error[name] !== "string") delete envelope.error[name];
  }
  return envelope as ErrorResponse;
}

function camelKeys(value: unknown, depth: number): unknown {
  if (depth > 60) return undefined;
  if (Array.isArray(value)) return value.map((each) => camelKeys(each, depth + 1));
  if (!isObject(value)) return value ?? undefined;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      key.toLowerCase() === "correlation" ? inner : camelKeys(inner, depth + 1),
    ]),
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A page of HTML in one line, so that the reason inside it can be read. */
function plainText(text: string): string {
  return text
    .slice(0, 20_000)
    .replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, " ")
    .replace(/<[^>]*>/g, " ")
    .replace(/[\s\u0000-\u001f\u007f]+/g, " ")
    .trim();
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url;
}

/** A run that ended in Failed or Canceled, thrown by a poller that was asked for a result. */
export class RunFailedError extends Error {
  override readonly name = "RunFailedError";
  readonly runId: string;
  readonly status: string;
  /** The finest code of the run's error, if it has one. */
  readonly code?: string;
  readonly details?: ErrorResponse;

  constructor(runId: string, status: string, details?: ErrorResponse) {
    const why = details?.error?.message;
    super(`Run ${runId} ended as ${status}${why ? `: ${why}` : "."}`);
    this.runId = runId;
    this.status = status;
    this.code = deepestCode(details?.error);
    this.details = details;
  }
}
