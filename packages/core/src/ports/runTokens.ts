// Tokens that reach one run's data and nothing else.
import type { Run } from "../domain/run/run.ts";

export interface RunTokens {
  /** A fresh token for the run and when it ends. */
  issue(run: Run): Promise<{ readonly token: string; readonly expiresAt: number }>;
}
