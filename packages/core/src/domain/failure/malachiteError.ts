// The one error class. What the caller cannot go on from is thrown as this; expected answers are values.
import { CATALOGUE, type Code, type ErrorKind } from "./catalogue.ts";

/** One fault among several; `target` is the path of the property. */
export type Detail = { readonly code?: string; readonly message: string; readonly target: string };

export type MalachiteErrorOptions = {
  readonly target?: string;
  readonly details?: readonly Detail[];
  readonly cause?: unknown;
};

/** Tells what was asked, what was found and what to do; never holds a secret. */
export class MalachiteError extends Error {
  override readonly name = "MalachiteError";
  readonly code: Code;
  readonly kind: ErrorKind;
  readonly target: string | undefined;
  readonly details: readonly Detail[];

  constructor(code: Code, message: string, options: MalachiteErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = CATALOGUE[code].kind;
    this.target = options.target;
    this.details = options.details ?? [];
  }
}

/** True for our own error, also when it comes from a second copy of this package or through a worker. */
export const isMalachiteError = (error: unknown): error is MalachiteError =>
  error instanceof Error && error.name === "MalachiteError" && "code" in error && "kind" in error;
