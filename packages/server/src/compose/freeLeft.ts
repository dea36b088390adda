// Frees, from time to time, what launches have left behind.
import type { Flow, Log } from "@malachite/core";
import { repeated } from "./repeated.ts";

/** A machine that comes back takes new runs at once: what runs on there of those that were let go of is in their way. */
const LET_GO_FREED_EVERY_MS = 60_000;
export const LEFT_SWEPT_EVERY_MS: number = 6 * 3600_000;

/** A turn that takes longer than its interval is not begun twice. */
export function freeLeft(
  flow: Pick<Flow, "freeLetGo" | "sweepLaunches">,
  signal: AbortSignal,
  log: Log,
): Disposable {
  const opened = new DisposableStack();
  let freeing: Promise<unknown> | undefined;
  const freeOnce = () => {
    freeing ??= flow.freeLetGo(signal).finally(() => {
      freeing = undefined;
    });
    return freeing;
  };
  opened.use(repeated(LET_GO_FREED_EVERY_MS, freeOnce, log));
  opened.use(repeated(LEFT_SWEPT_EVERY_MS, () => flow.sweepLaunches(signal), log));
  return opened;
}
