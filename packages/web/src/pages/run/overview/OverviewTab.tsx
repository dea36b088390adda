// What a run is, where it stands and how it went: most questions are answered here.
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { runQuery, storyQuery } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { hasEnded } from "../runQueries.ts";
import { Description } from "./Description.tsx";
import { ErrorPanel } from "./ErrorPanel.tsx";
import { Facts } from "./Facts.tsx";
import { KeyMetrics } from "./KeyMetrics.tsx";
import { LogTail } from "./LogTail.tsx";
import classes from "./Overview.module.css";
import { Story } from "./Story.tsx";
import { Tags } from "./Tags.tsx";
import { Timeline } from "./Timeline.tsx";
import { Warnings } from "./Warnings.tsx";
import { WhyPanel } from "./WhyPanel.tsx";

/** The first tab of a run. */
export function OverviewTab() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const workspace = useWorkspace();
  const run = useQuery(runQuery(workspace, runId)).data;
  const story = useQuery(storyQuery(workspace, runId));
  if (run === undefined) return null;
  const failed = run.error?.error !== undefined || run.status === "Failed";
  return (
    <div className={classes.page}>
      {failed && <ErrorPanel run={run} runId={runId} />}
      <Timeline story={story.data} />
      {!hasEnded(run.status) && <WhyPanel runId={runId} status={run.status} />}
      <Warnings warnings={run.warnings} />
      <div className={classes.columns}>
        <div className={classes.main}>
          <LogTail runId={runId} ended={hasEnded(run.status)} />
          <KeyMetrics runId={runId} />
          <Description run={run} runId={runId} />
          <Story story={story.data} />
        </div>
        <div className={classes.side}>
          <Tags run={run} runId={runId} />
          <Facts run={run} runId={runId} />
        </div>
      </div>
    </div>
  );
}
