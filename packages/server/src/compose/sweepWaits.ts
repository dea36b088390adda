// What a sweep that failed says: one of a storage that is away waits for its next turn, which is no error.
import { isMalachiteError, type Log } from "@malachite/core";

export const sweepWaits =
  (log: Pick<Log, "warn" | "error">) =>
  (error: unknown): void =>
    isMalachiteError(error) && error.kind === "unavailable"
      ? log.warn("sweepWaits", { reason: error.message })
      : log.error("sweep failed", error);
