// Memory that a burst of work has left behind goes back to the system once a thread has nothing to do. The engine lets the space for young
// objects grow while it works (a start alone takes 60 MB of it) and makes it small again only when it collects, which a thread at rest
// never has a reason to.
import { performance } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const LOOK_EVERY_MS = 5000;
/** Busier than this, it is left alone. */
const AT_REST = 0.02;
/** Less is not worth a collection. */
const WORTH_BYTES = 8 * 1024 * 1024;

type Collect = (options: { readonly type: "minor" }) => void;

/** For the thread that calls it. Keeps nothing alive. Young objects alone are collected: that takes a few milliseconds, and once after each burst. */
export function giveBackAtRest(): Disposable {
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization < AT_REST && youngBytes() > WORTH_BYTES) collect();
  }, LOOK_EVERY_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** What the space for young objects takes of this thread. */
export const youngBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;

/** The engine gives its collector to new contexts only once the flag is set. */
export function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("globalThis.gc") as Collect | undefined;
  gc?.({ type: "minor" });
}
