// Waiting, and giving up waiting.
import { AbortError, type AbortSignalLike } from "@azure/abort-controller";

/** Throws an AbortError if the signal has fired. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted) throw new AbortError("The operation was aborted.");
}

/** Resolves after `ms`; rejects with an AbortError as soon as the signal fires. */
export function delay(ms: number, signal?: AbortSignalLike): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new AbortError("The operation was aborted."));
    const onAbort = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      reject(new AbortError("The operation was aborted."));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort);
  });
}

/** A controller that also fires with `signal`. Dispose it, so that a long-lived signal keeps no listeners. */
export function linkedController(
  signal: AbortSignalLike | undefined,
): Disposable & Pick<AbortController, "abort" | "signal"> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort();
  if (signal?.aborted) controller.abort();
  else signal?.addEventListener("abort", onAbort);
  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    [Symbol.dispose]: () => signal?.removeEventListener("abort", onAbort),
  };
}

export const isAbortError = (error: unknown): boolean =>
  error instanceof Error && error.name === "AbortError";
