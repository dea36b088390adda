// How far the children of a run are, in one line of its head. Shows nothing for a run without children.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { shownCount } from "../../../parts/numbers.ts";
import { lookOf } from "../../../parts/Status.tsx";
import { useNews } from "../../../service/live.tsx";
import { useWorkspace } from "../../../service/service.tsx";
import { childCountsQuery } from "../children/childQueries.ts";
import { hasEnded } from "../runQueries.ts";
import classes from "./ChildCounts.module.css";

/** A bar with a part for each status, and the words for it. */
export function ChildCounts({ runId }: { readonly runId: string }) {
  const workspace = useWorkspace();
  const counts = useQuery(childCountsQuery(workspace, runId));
  useNews((news) => {
    if (news.kind === "run" && news.run.parentRunId === runId && !counts.isFetching) void counts.refetch();
  });
  if (counts.data === undefined || counts.data.count === 0) return null;
  const { count, byStatus, isExact } = counts.data;
  const parts = Object.entries(byStatus).sort(([a], [b]) => Number(hasEnded(b)) - Number(hasEnded(a)));
  const ended = parts.reduce((sum, [status, n]) => sum + (hasEnded(status) ? n : 0), 0);
  return (
    <Link to="/runs/$runId/children" params={{ runId }} className={classes.children}>
      <span className={classes.bar} aria-hidden>
        {parts.map(([status, n]) => (
          <span key={status} className={classes[lookOf(status).tone]} style={{ flexGrow: n }} />
        ))}
      </span>
      <span>
        {shownCount(ended)} of {shownCount(count)}
        {isExact ? "" : "+"} children ended
        {parts.map(([status, n]) => ` · ${shownCount(n)} ${status}`).join("")}
      </span>
    </Link>
  );
}
