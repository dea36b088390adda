// What a run is and how it went.
import { Empty } from "../../../parts/Empty.tsx";

/** What a run is and how it went. */
export function OverviewTab() {
  return <Empty title="What a run is and how it went." />;
}
