// Work on several machines at once.
import { isMalachiteError } from "@malachite/core";

/** All of them, or the first fault when each has come to its end. */
export async function allOf<T, R>(
  parts: readonly T[],
  work: (part: T, node: number) => Promise<R>,
): Promise<R[]> {
  const done = await Promise.allSettled(parts.map(work));
  return done.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

/** Whether it says that a machine cannot be asked now. */
export const isUnavailable = (error: unknown): boolean =>
  isMalachiteError(error) && error.kind === "unavailable";

/** Throws the fault where there is one. */
export function throwIfAny(fault: unknown): void {
  if (fault !== undefined) throw fault;
}
