// Compute targets and their lines.
import { Empty } from "../../parts/Empty.tsx";

/** Compute targets and their lines. */
export function ComputePage() {
  return <Empty title="Compute targets and their lines." />;
}
