// The metrics of a run.
import { Empty } from "../../../parts/Empty.tsx";

/** The metrics of a run. */
export function MetricsTab() {
  return <Empty title="The metrics of a run." />;
}
