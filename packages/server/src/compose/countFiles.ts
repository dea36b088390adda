// Files that are kept are counted again and again, never twice at the same time.
import type { Flow } from "@malachite/core";

/** What is to be done every so often; the signal ends it. */
export function countFiles(flow: Pick<Flow, "countKept">, signal: AbortSignal): () => Promise<void> {
  let isCounting = false;
  return async () => {
    if (isCounting || signal.aborted) return;
    isCounting = true;
    try {
      await flow.countKept(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      isCounting = false;
    }
  };
}
