// How a first run is submitted.
import { Empty } from "../../parts/Empty.tsx";

/** How a first run is submitted. */
export function StartPage() {
  return <Empty title="How a first run is submitted." />;
}
