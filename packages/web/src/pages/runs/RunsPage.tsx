// The runs of a workspace or an experiment.
import { Empty } from "../../parts/Empty.tsx";

/** The runs of a workspace or an experiment. */
export function RunsPage() {
  return <Empty title="The runs of a workspace or an experiment." />;
}
