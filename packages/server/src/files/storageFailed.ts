// Turns what the operating system says about the data folder into our own error, once. Not for faults of what a user sent.
import { isMalachiteError, MalachiteError } from "@malachite/core";

/** True for an error of the operating system with that code, such as `ENOENT`. */
export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && "code" in error && codes.includes(String(error.code));

/** Undefined for what is not there; throws what else has failed. */
export function orNothing(error: unknown): undefined {
  if (!hasCode(error, "ENOENT")) throw error;
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full: free some space.",
  EDQUOT: "The disk quota is used up: free some space.",
  EROFS: "The file system is read-only.",
  EACCES: "The service may not do that: check the rights of the data folder.",
  EPERM: "The service may not do that: check the rights of the data folder.",
  EMFILE: "Too many files are open: raise the limit (ulimit -n).",
  ENFILE: "Too many files are open on this machine.",
  EIO: "The disk reports an error.",
};

/** A StorageFailed with the system's error as its cause. Our own errors and aborts are handed back as they are. */
export function storageFailed(doing: string, error: unknown): unknown {
  if (isMalachiteError(error) || (error instanceof Error && error.name === "AbortError")) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  const found = code ?? (error instanceof Error ? error.message : String(error));
  const advice = (code && ADVICE[code]) ?? "Check the data folder.";
  return new MalachiteError("StorageFailed", `${doing} failed (${found}). ${advice}`, { cause: error });
}

/** Runs `work`; what the system refuses is thrown as StorageFailed saying what was being done. */
export async function onStorage<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageFailed(doing, error);
  }
}
