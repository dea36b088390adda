// The files of a run.
import { Empty } from "../../../parts/Empty.tsx";

/** The files of a run. */
export function FilesTab() {
  return <Empty title="The files of a run." />;
}
