// Runs side by side.
import { Empty } from "../../parts/Empty.tsx";

/** Runs side by side. */
export function ComparePage() {
  return <Empty title="Runs side by side." />;
}
