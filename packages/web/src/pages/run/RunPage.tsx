// A run: its head, and the tab that was chosen.
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { RUN_TABS } from "../../app/router.tsx";
import { Waiting } from "../../parts/Empty.tsx";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { useWatchedRun } from "../../service/live.tsx";
import { runQuery } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import { RunHead } from "./head/RunHead.tsx";
import classes from "./RunPage.module.css";

/** The frame of a run's tabs. */
export function RunPage() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const workspace = useWorkspace();
  const run = useQuery(runQuery(workspace, runId));
  useWatchedRun(runId);
  const name = run.data?.displayName ?? runId;
  useEffect(() => {
    document.title = `${name} · Malachite`;
    return () => {
      document.title = "Malachite";
    };
  }, [name]);
  if (run.data === undefined)
    return run.error ? <FaultNote error={run.error} again={() => void run.refetch()} /> : <Waiting />;
  return (
    // Another run is another page: nothing of what was typed or opened goes along.
    <div className={classes.page} key={runId}>
      <RunHead run={run.data} runId={runId} />
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
