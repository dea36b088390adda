// The error of a run as the wire shows it: what its owner posted, or what the service found.
import type { ErrorResponse } from "@malachite/contract";
import { REASONS, type Run } from "@malachite/core";
import { dateText } from "./dates.ts";

/** Undefined for a run that has nothing to complain of. */
export function runError(run: Run): ErrorResponse | undefined {
  const { error } = run.about;
  if (error !== undefined) return ("error" in error ? error : { error }) as ErrorResponse;
  const { outcome, endedAt } = run.life;
  if (outcome === undefined || outcome.status !== "Failed") return undefined;
  return {
    error: {
      code: REASONS[outcome.reason].blame === "user" ? "UserError" : "ServiceError",
      message: outcome.message,
      details: [],
      innerError: { code: outcome.reason },
    },
    correlation: {},
    environment: "malachite",
    location: "local",
    ...(endedAt === undefined ? {} : { time: dateText(endedAt) }),
    componentName: "malachite",
  };
}
