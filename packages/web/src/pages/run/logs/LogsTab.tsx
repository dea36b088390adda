// The logs of a run: one, or several ranks side by side.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Columns2 } from "lucide-react";
import { useEffect } from "react";
import { Button } from "../../../parts/Button.tsx";
import { Empty, Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { Menu, MenuCheck } from "../../../parts/Menu.tsx";
import { shownSize } from "../../../parts/numbers.ts";
import { keyOf, runQuery } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { LogPane } from "./LogPane.tsx";
import classes from "./LogsTab.module.css";

/** More columns than that cannot be read. */
const MOST_PANES = 8;
const NOT_BEGUN = ["NotStarted", "Starting", "Preparing", "Queued", "Provisioning"];

export function LogsTab() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const { path, line, find } = useSearch({ from: "/runs/$runId/logs" });
  const navigate = useNavigate();
  const workspace = useWorkspace();
  const run = useQuery(runQuery(workspace, runId));
  const logs = useQuery({
    queryKey: [keyOf(workspace), "ofRun", runId, "files", "logs"],
    queryFn: ({ signal }) => workspace.run(runId).logs.list({ abortSignal: signal }),
  });
  const status = run.data?.status ?? "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run that begins or ends has other logs
  useEffect(() => void logs.refetch(), [status]);
  if (logs.error) return <FaultNote error={logs.error} again={() => void logs.refetch()} />;
  if (logs.data === undefined) return <Waiting />;
  const [first] = logs.data;
  if (first === undefined)
    return (
      <Empty title={NOT_BEGUN.includes(status) ? "The run has not begun" : "This run has no log"}>
        {NOT_BEGUN.includes(status) && "Its log will be here, live, with its first line."}
      </Empty>
    );
  const wanted = path?.split("|") ?? [first.path];
  const shown = logs.data.filter((log) => wanted.includes(log.path));
  const change = (search: { path?: string; line?: number; find?: string }) =>
    void navigate({
      to: "/runs/$runId/logs",
      params: { runId },
      search: (before) => ({ ...before, ...search }),
      replace: true,
    });
  const show = (paths: readonly string[]) =>
    change({
      path: paths.length === 1 && paths[0] === first.path ? undefined : paths.join("|"),
      line: undefined,
    });
  return (
    <div className={classes.tab}>
      <div className={classes.head}>
        <label className={classes.choice}>
          <span className="visually-hidden">Log</span>
          <select value={shown[0]?.path ?? first.path} onChange={(event) => show([event.target.value])}>
            {logs.data.map((log) => (
              <option key={log.path} value={log.path}>
                {log.path} ({shownSize(log.sizeBytes)})
              </option>
            ))}
          </select>
        </label>
        {logs.data.length > 1 && (
          <Menu
            trigger={
              <Button size="small">
                <Columns2 aria-hidden /> Side by side
              </Button>
            }
          >
            {logs.data.map((log) => (
              <MenuCheck
                key={log.path}
                checked={shown.includes(log)}
                onChange={(isOn) =>
                  show(
                    isOn
                      ? [...shown.map((one) => one.path), log.path].slice(-MOST_PANES)
                      : shown.map((one) => one.path).filter((one) => one !== log.path),
                  )
                }
              >
                {log.rank === undefined ? log.path : `Rank ${log.rank}: ${log.path}`}
              </MenuCheck>
            ))}
          </Menu>
        )}
        {logs.data.filter(({ rank }) => rank !== undefined).length > 1 && (
          <Button
            size="small"
            onClick={() =>
              show(
                logs.data
                  .filter(({ rank, attempt }) => rank !== undefined && attempt === undefined)
                  .map((log) => log.path)
                  .slice(0, MOST_PANES),
              )
            }
          >
            All ranks
          </Button>
        )}
      </div>
      {shown.length === 0 && <Empty title="The run has no log of that name">{wanted.join(", ")}</Empty>}
      <div className={classes.panes} data-count={Math.min(shown.length, 4)}>
        {shown.map((file) => (
          <LogPane
            key={file.path}
            runId={runId}
            file={file}
            line={shown.length === 1 ? line : undefined}
            onLine={(next) => (shown.length === 1 ? change({ line: next }) : undefined)}
            find={find ?? ""}
            onFind={(text) => change({ find: text || undefined })}
            close={
              shown.length > 1
                ? () => show(shown.map((one) => one.path).filter((one) => one !== file.path))
                : undefined
            }
          />
        ))}
      </div>
    </div>
  );
}
