// The child runs of a run.
import { Empty } from "../../../parts/Empty.tsx";

/** The child runs of a run. */
export function ChildrenTab() {
  return <Empty title="The child runs of a run." />;
}
