// The project as it ran.
import { Empty } from "../../../parts/Empty.tsx";

/** The project as it ran. */
export function SnapshotTab() {
  return <Empty title="The project as it ran." />;
}
