// What a service does again and again besides its runs.
import type { Log } from "@malachite/core";

/** Does it every so often until disposed of. A failure is logged and tried again at the next time. Keeps no process alive. */
export function repeated(everyMs: number, work: () => Promise<unknown>, log: Log): Disposable {
  const timer = setInterval(() => {
    work().catch((error: unknown) => log.error("sweep failed", error));
  }, everyMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
