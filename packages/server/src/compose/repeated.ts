// What a service does again and again besides its runs.
import { type Log, ToldOnce } from "@malachite/core";

/** Does it every so often until disposed of. A failure is logged, once while it stays, and tried again at the next time. Keeps no process alive. */
export function repeated(everyMs: number, work: () => Promise<unknown>, log: Log): Disposable {
  const turns = new ToldOnce(Date.now, (error) => log.error("sweep failed", error));
  const timer = setInterval(() => {
    work().then(
      () => turns.worked(),
      (error: unknown) => turns.failed(error),
    );
  }, everyMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
