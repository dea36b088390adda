// A run: its head, and the tab that was chosen.
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { RUN_TABS } from "../../app/router.tsx";
import { Waiting } from "../../parts/Empty.tsx";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { Status } from "../../parts/Status.tsx";
import { useWatchedRun } from "../../service/live.tsx";
import { runQuery } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import classes from "./RunPage.module.css";

/** The frame of a run's tabs. */
export function RunPage() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const workspace = useWorkspace();
  const run = useQuery(runQuery(workspace, runId));
  useWatchedRun(runId);
  if (run.error) return <FaultNote error={run.error} again={() => void run.refetch()} />;
  if (run.data === undefined) return <Waiting />;
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>{run.data.displayName ?? runId}</h1>
        <Status status={run.data.status} />
      </header>
      <nav aria-label="Parts of this run" className={classes.tabs}>
        {RUN_TABS.map((tab) => (
          <Link
            key={tab}
            to={tab === "overview" ? "/runs/$runId" : `/runs/$runId/${tab}`}
            params={{ runId }}
            activeOptions={{ exact: true, includeSearch: false }}
            activeProps={{ className: classes.here }}
            className={classes.tab}
          >
            {tab}
          </Link>
        ))}
      </nav>
      <div className={classes.body}>
        <Outlet />
      </div>
    </div>
  );
}
