// The definition of a run.
import { Empty } from "../../../parts/Empty.tsx";

/** The definition of a run. */
export function DefinitionTab() {
  return <Empty title="The definition of a run." />;
}
