// The head of a run's page: what it is, where it stands, and what can be done with it.
import type { Run } from "@malachite/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CornerLeftUp, Cpu, FlaskConical } from "lucide-react";
import { Copy } from "../../../parts/Copy.tsx";
import { EditText } from "../../../parts/EditText.tsx";
import { Status } from "../../../parts/Status.tsx";
import { Duration, Time } from "../../../parts/Time.tsx";
import { useWorkspace } from "../../../service/service.tsx";
import { experimentNameQuery, hasEnded, useChangeRun } from "../runQueries.ts";
import { ChildCounts } from "./ChildCounts.tsx";
import { RunActions } from "./RunActions.tsx";
import classes from "./RunHead.module.css";

/** `run` may be newer than what the tabs below have fetched. */
export function RunHead({ run, runId }: { readonly run: Run; readonly runId: string }) {
  const workspace = useWorkspace();
  const experiment = useQuery(experimentNameQuery(workspace, run.experimentId));
  const change = useChangeRun(runId);
  const name = run.displayName ?? runId;
  return (
    <header className={classes.head}>
      <div className={classes.title}>
        <EditText value={name} what="display name" save={(displayName) => change.mutate({ displayName })}>
          <h1>{name}</h1>
        </EditText>
        <Status status={run.status} />
      </div>
      <div className={classes.actions}>
        <RunActions run={run} runId={runId} experimentName={experiment.data ?? undefined} />
      </div>
      <ul className={classes.facts}>
        {run.parentRunId && (
          <li>
            <CornerLeftUp aria-hidden />
            <span>
              child of{" "}
              <Link to="/runs/$runId" params={{ runId: run.parentRunId }}>
                {run.parentRunId}
              </Link>
            </span>
          </li>
        )}
        <li>
          <code className={classes.id}>{runId}</code>
          <Copy text={runId} what="run id" />
        </li>
        {experiment.data && (
          <li>
            <FlaskConical aria-hidden />
            <span className="visually-hidden">Experiment</span>
            <Link to="/experiments/$experimentName" params={{ experimentName: experiment.data }}>
              {experiment.data}
            </Link>
          </li>
        )}
        {run.target && (
          <li>
            <Cpu aria-hidden />
            <span className="visually-hidden">Compute target</span>
            <Link to="/compute/$target" params={{ target: run.target }}>
              {run.target}
            </Link>
          </li>
        )}
        <li>
          Created <Time at={run.createdUtc} />
          {run.createdBy?.userName && ` by ${run.createdBy.userName}`}
        </li>
        {run.startTimeUtc && (
          <li>
            {hasEnded(run.status) ? "ran for" : "running for"}{" "}
            <Duration
              from={run.startTimeUtc}
              to={run.endTimeUtc ?? (hasEnded(run.status) ? run.lastModifiedUtc : undefined)}
            />
          </li>
        )}
      </ul>
      <ChildCounts runId={runId} />
    </header>
  );
}
