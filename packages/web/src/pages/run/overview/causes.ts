// What a run's error says, from the outermost to the innermost. Pure.
import type { ErrorResponse } from "@malachite/client";

export type Cause = { readonly code?: string; readonly message?: string; readonly target?: string };
type Inner = { code?: string; innerError?: Inner };
/** Nobody nests deeper on purpose. */
const DEEPEST = 20;

/** The first sentence of all, the codes of the chain below it, and the faults it lists. */
export function causesOf(response: ErrorResponse | undefined): {
  readonly message: string;
  readonly codes: readonly string[];
  readonly details: readonly Cause[];
} {
  const error = response?.error;
  const codes: string[] = error?.code === undefined ? [] : [error.code];
  let inner: Inner | undefined = error?.innerError;
  for (let depth = 0; inner !== undefined && inner !== null && depth < DEEPEST; depth++) {
    if (inner.code) codes.push(inner.code);
    inner = inner.innerError;
  }
  return { message: error?.message ?? "", codes, details: error?.details ?? [] };
}
