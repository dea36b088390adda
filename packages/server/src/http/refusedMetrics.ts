// Metrics of a request that were not kept, as one error.
import { MalachiteError } from "@malachite/core";

/** So many are named. */
const SHOWN = 100;

/** For callers that are not told metric by metric. `all` is how many there were in the request. */
export function refusedMetrics(
  refused: readonly { readonly error: MalachiteError }[],
  all: number,
): MalachiteError {
  const [first] = refused;
  const rest = all > 1 ? ` ${refused.length} of ${all} metrics were not kept; the others were.` : "";
  return new MalachiteError("InvalidMetric", `${first?.error.message}${rest}`, {
    target: first?.error.target ?? "values",
    details: refused.slice(0, SHOWN).map(({ error }) => ({
      message: error.message,
      target: error.target ?? "values",
    })),
  });
}
