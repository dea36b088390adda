// Turns whatever went wrong into one clear paragraph and an exit code. The only place where the command words foreign errors.
import { EXIT } from "../exitCodes.ts";

/** What is printed, and how the command ends. */
export type Explanation = { readonly text: string; readonly exitCode: number };

/** What to do about codes whose message does not say it by itself. */
const ADVICE: Readonly<Record<string, string>> = {
  NotAuthenticated: "Set MALACHITE_TOKEN to a token that the service accepts.",
  RunNotFound:
    "`malachite list` shows the runs of the workspace; --workspace SUBSCRIPTION/GROUP/NAME names another.",
  UnknownTarget: "`malachite target list` shows the targets that exist.",
  ScriptNotFound: "Is it left out by .amlignore or .gitignore?",
};

const STATUS_EXITS: Readonly<Record<number, number>> = {
  401: EXIT.denied,
  403: EXIT.denied,
  404: EXIT.notFound,
};

const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "REQUEST_SEND_ERROR",
]);

/** What Node says of a certificate whose authority it does not know. */
export const isUntrusted = (code: string): boolean =>
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET|VERIFY)_[A-Z_]+|CERT_UNTRUSTED)$/.test(
    code,
  );

type Loose = Error & { readonly code?: unknown; readonly statusCode?: unknown; readonly cause?: unknown };

/** True when nothing answered at all. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof Error && UNREACHABLE.has(deepestCode(error));

/** Explains an error that came while talking to `endpoint`. Unknown errors keep their stack: they are faults of the command. */
export function explain(error: unknown, endpoint?: string): Explanation {
  if (!(error instanceof Error)) return { text: String(error), exitCode: EXIT.failed };
  const { name, message, code, statusCode } = error as Loose;
  if (name === "UsageError") return { text: message, exitCode: EXIT.usage };
  if (name === "MalachiteError") return { text: message, exitCode: EXIT.failed };
  if (name === "RestError" && typeof statusCode === "number") {
    const advice = typeof code === "string" ? ADVICE[code] : undefined;
    const text = advice === undefined || message.includes(advice) ? message : `${message}\n${advice}`;
    return { text, exitCode: STATUS_EXITS[statusCode] ?? EXIT.failed };
  }
  const deepest = deepestCode(error);
  if (isUntrusted(deepest))
    return {
      text: `The certificate of ${endpoint ?? "the endpoint"} is not trusted here (${deepest}). If it is a Malachite service, run 'malachite env' for it first.`,
      exitCode: EXIT.unreachable,
    };
  if (UNREACHABLE.has(deepest) || name === "RestError")
    return {
      text: `No service answers at ${endpoint ?? "the endpoint"} (${deepest || message}). Start one with: malachite up\nOr name another with MALACHITE_ENDPOINT or --endpoint.`,
      exitCode: EXIT.unreachable,
    };
  // Files and ports: the system's own words name the path, and a stack would help nobody.
  if (typeof code === "string" && /^E[A-Z]+$/.test(code)) return { text: message, exitCode: EXIT.failed };
  if (name === "Error" || name === "RunFailedError" || name === "TypeError")
    return { text: process.env.MALACHITE_DEBUG ? (error.stack ?? message) : message, exitCode: EXIT.failed };
  return { text: error.stack ?? message, exitCode: EXIT.failed };
}

/** The code of the innermost cause: the network's own, where a library has wrapped it. */
function deepestCode(error: Loose): string {
  let code = typeof error.code === "string" ? error.code : "";
  let inner: unknown = error.cause;
  for (let depth = 0; inner instanceof Error && depth < 10; depth++) {
    const { code: innerCode } = inner as Loose;
    if (typeof innerCode === "string") code = innerCode;
    const { errors } = inner as { errors?: unknown };
    inner = Array.isArray(errors) ? errors[0] : inner.cause;
  }
  return code;
}
