// The definition of a run: as it was sent, as it was understood, its environment with its lock, its command.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { Button, ButtonGroup } from "../../../parts/Button.tsx";
import { Empty, Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { runQuery } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { definitionQuery } from "../runQueries.ts";
import classes from "./DefinitionTab.module.css";
import { EnvironmentPart } from "./EnvironmentPart.tsx";
import { JsonView } from "./JsonView.tsx";
import { LaunchPart } from "./LaunchPart.tsx";

const PARTS = [
  { part: "sent", label: "As sent" },
  { part: "resolved", label: "As understood" },
  { part: "environment", label: "Environment" },
  { part: "launch", label: "Command" },
] as const;

/** One part at a time; which one is in the address. */
export function DefinitionTab() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const { part = "sent" } = useSearch({ from: "/runs/$runId/definition" });
  const navigate = useNavigate();
  const workspace = useWorkspace();
  const run = useQuery(runQuery(workspace, runId));
  const { data, error, refetch } = useQuery(definitionQuery(workspace, runId));
  // Environment and command come while the run is prepared.
  const status = run.data?.status;
  const before = useRef(status);
  useEffect(() => {
    if (before.current !== status) void refetch();
    before.current = status;
  }, [status, refetch]);
  if (error) return <FaultNote error={error} again={() => void refetch()} />;
  if (data === undefined) return <Waiting />;
  const { sent, resolved, environment, launch } = data;
  return (
    <div className={classes.tab}>
      <ButtonGroup label="Part of the definition">
        {PARTS.map((one) => (
          <Button
            key={one.part}
            size="small"
            aria-pressed={one.part === part}
            onClick={() =>
              void navigate({
                to: "/runs/$runId/definition",
                params: { runId },
                search: (now) => ({ ...now, part: one.part === "sent" ? undefined : one.part }),
                replace: true,
              })
            }
          >
            {one.label}
          </Button>
        ))}
      </ButtonGroup>
      {part === "sent" &&
        (sent ? (
          <JsonView value={sent} what="the definition as sent" file={`${runId}.sent.json`} />
        ) : (
          <Empty title="Nobody has sent a definition">
            <p>The run is executed elsewhere, and whoever does has told none.</p>
          </Empty>
        ))}
      {part === "resolved" &&
        (resolved ? (
          <JsonView value={resolved} what="the definition as understood" file={`${runId}.definition.json`} />
        ) : (
          <Empty title="There is no definition" />
        ))}
      {part === "environment" && <EnvironmentPart environment={environment} runId={runId} />}
      {part === "launch" && <LaunchPart launch={launch} />}
    </div>
  );
}
