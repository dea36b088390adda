// One compute target.
import { Empty } from "../../parts/Empty.tsx";

/** One compute target. */
export function TargetPage() {
  return <Empty title="One compute target." />;
}
