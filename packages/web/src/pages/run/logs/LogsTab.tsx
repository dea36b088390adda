// The logs of a run.
import { Empty } from "../../../parts/Empty.tsx";

/** The logs of a run. */
export function LogsTab() {
  return <Empty title="The logs of a run." />;
}
