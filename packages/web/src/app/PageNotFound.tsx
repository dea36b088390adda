// An address that no page has.
import { Link } from "@tanstack/react-router";
import { Empty } from "../parts/Empty.tsx";

/** Says so and leads back. */
export function PageNotFound() {
  return (
    <Empty title="No page has this address">
      <Link to="/runs">To the runs</Link>
    </Empty>
  );
}
