// The runs below a run: compared with each other in a plot and a table, or as a tree.
import type { RunPoint } from "@malachite/client";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import { Button, ButtonGroup } from "../../../parts/Button.tsx";
import { Empty, Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { shownCount } from "../../../parts/numbers.ts";
import { useNews } from "../../../service/live.tsx";
import { useWorkspace } from "../../../service/service.tsx";
import classes from "./Children.module.css";
import { childCountsQuery, MOST_POINTS, pointsQuery } from "./childQueries.ts";
import { PlotView } from "./PlotView.tsx";
import { TreeView } from "./TreeView.tsx";

/** With few children of which nothing is known, the tree says more than the plot. */
const PLOT_FROM = 2;

export function ChildrenTab() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const search = useSearch({ from: "/runs/$runId/children" });
  const navigate = useNavigate();
  const counts = useQuery(childCountsQuery(useWorkspace(), runId));
  if (counts.error) return <FaultNote error={counts.error} again={() => void counts.refetch()} />;
  if (counts.data === undefined) return <Waiting />;
  const { count, levels } = counts.data;
  if (count === 0)
    return (
      <Empty title="This run has no children">
        <p>
          A run becomes the child of another by the parentRunId of its definition, by <code>--parent</code> of
          the command line, by <code>run.child_run()</code> of the SDK or a nested run of MLflow.
        </p>
      </Empty>
    );
  const view = search.view ?? (count >= PLOT_FROM ? "plot" : "tree");
  const show = (next: "plot" | "tree") =>
    void navigate({
      to: "/runs/$runId/children",
      params: { runId },
      search: (now) => ({ ...now, view: next }),
      replace: true,
    });
  return (
    <div className={classes.tab}>
      <div className={classes.tools}>
        <ButtonGroup label="View">
          <Button size="small" aria-pressed={view === "plot"} onClick={() => show("plot")}>
            Plot and table
          </Button>
          <Button size="small" aria-pressed={view === "tree"} onClick={() => show("tree")}>
            Tree
          </Button>
        </ButtonGroup>
        {levels.length > 1 && (
          <span className={classes.note}>
            {levels.map((n, at) => `${shownCount(n)} at depth ${at + 1}`).join(", ")}
          </span>
        )}
      </div>
      {view === "tree" ? <TreeView runId={runId} /> : <Points runId={runId} count={count} />}
    </div>
  );
}

/** Fetches the children page after page, and anew when they have changed. */
function Points({ runId, count }: { readonly runId: string; readonly count: number }) {
  const workspace = useWorkspace();
  const options = pointsQuery(workspace, runId);
  const query = useInfiniteQuery(options);
  const { data, error, hasNextPage, isFetching, fetchNextPage, refetch } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const points = useMemo((): readonly RunPoint[] => data?.pages.flatMap(({ value }) => value) ?? [], [data]);
  useFreshPoints(runId, points.length);
  if (error && points.length === 0) return <FaultNote error={error} again={() => void refetch()} />;
  if (data === undefined) return <Waiting />;
  return (
    <>
      {points.length < count && (
        <p className={classes.note} role="status">
          {hasNextPage
            ? `Loading: ${shownCount(points.length)} of ${shownCount(count)}`
            : points.length >= MOST_POINTS
              ? `The newest ${shownCount(points.length)} of ${shownCount(count)} are shown.`
              : ""}
        </p>
      )}
      <PlotView runId={runId} points={points} />
    </>
  );
}

/** Has the points fetched anew some time after children have changed: the more there are, the less often. */
function useFreshPoints(runId: string, count: number): void {
  const workspace = useWorkspace();
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useNews((news) => {
    const changed =
      (news.kind === "run" && news.run.parentRunId === runId) ||
      (news.kind === "metrics" && news.runId !== runId);
    if (!changed || timer.current !== undefined) return;
    timer.current = setTimeout(
      () => {
        timer.current = undefined;
        void client.invalidateQueries({ queryKey: pointsQuery(workspace, runId).queryKey });
      },
      Math.max(2000, count * 4),
    );
  });
}
