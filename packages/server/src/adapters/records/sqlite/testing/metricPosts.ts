// The posts of the metric hammer: the same for the same caller and number, so that they can be posted again and looked for.
import type { MetricPost } from "@malachite/core";

export const HAMMERED = { subscriptionId: "s", resourceGroup: "g", workspace: "hammered" };
/** Some posts are larger than one write. */
const SIZES = [1, 50, 3, 2_500];

/** Rows with ids; those of odd callers have none and are the same by content. */
export function postOf(caller: number, n: number): MetricPost {
  const name = `m${caller}`;
  const count = SIZES[n % SIZES.length] ?? 1;
  return {
    name,
    columns: { [name]: "double" },
    uxMetricType: "azureml.v1.scalar",
    ...(caller % 2 === 1 ? { sameBy: "content" } : {}),
    rows: Array.from({ length: count }, (_, i) => ({
      createdAt: 1_700_000_000_000 + n + i / 1000,
      step: n * 10_000 + i,
      data: { [name]: n + i / 10_000 },
      ...(caller % 2 === 0
        ? { metricId: `0000000${caller}-0000-4000-8000-${String(n * 10_000 + i).padStart(12, "0")}` }
        : {}),
    })),
  };
}
