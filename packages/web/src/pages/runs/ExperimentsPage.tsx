// The experiments of a workspace.
import { Empty } from "../../parts/Empty.tsx";

/** The experiments of a workspace. */
export function ExperimentsPage() {
  return <Empty title="The experiments of a workspace." />;
}
