// What the service and its database workers say to each other. Arguments and answers travel as JSON text: it is copied as one
// block, keeps keys like `__proto__`, and is what most of it becomes in the database anyway.
import { type Code, isMalachiteError, MalachiteError, type MalachiteErrorOptions } from "@malachite/core";
import type { Name } from "../operations.ts";

export type Role = "writer" | "reader";
/** What a worker is started with; each database adds where it is. */
export type WorkerSettings = { readonly role: Role };

export type Question = { readonly id: number; readonly name: Name; readonly args: string };
export type Ask = Question | { readonly close: true };

export type Told =
  | { readonly id: number; readonly answer: string | undefined }
  | { readonly id: number; readonly error: ErrorText };
export type News =
  | { readonly ready: true }
  | { readonly failed: ErrorText }
  | { readonly told: readonly Told[] }
  /** Something that the operator should read. */
  | { readonly note: string }
  | { readonly closed: true };

/** An error as data. */
export type ErrorText = {
  readonly code: Code;
  readonly message: string;
  readonly options: Pick<MalachiteErrorOptions, "target" | "details">;
  readonly cause?: string;
};

/** Our own errors as they are; any other is a failure of the storage, with its words and what to do about it. */
export function errorText(error: unknown, doing: string, advice: string): ErrorText {
  if (isMalachiteError(error)) {
    const { code, message, target, details, cause } = error;
    return {
      code,
      message,
      options: { target, details },
      ...(cause === undefined ? {} : { cause: words(cause) }),
    };
  }
  const fault = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  if (fault)
    return { code: "Unexpected", message: `${doing}: ${error.message}`, options: {}, cause: words(error) };
  const says = error instanceof Error ? error.message : String(error);
  return {
    code: "StorageFailed",
    message: `${doing}: ${says}. ${advice}`,
    options: {},
    cause: words(error),
  };
}

/** The error again, on the other side. */
export const errorOf = ({ code, message, options, cause }: ErrorText): MalachiteError =>
  new MalachiteError(code, message, {
    ...options,
    ...(cause === undefined ? {} : { cause: new Error(cause) }),
  });

const words = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
