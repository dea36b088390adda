// The runs of a workspace, or of one experiment.
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { RunsView } from "../../app/router.tsx";
import { Empty, Waiting } from "../../parts/Empty.tsx";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { useNews } from "../../service/live.tsx";
import { useWorkspace } from "../../service/service.tsx";
import { StartPage } from "../start/StartPage.tsx";
import { BulkBar } from "./BulkBar.tsx";
import { columnOf } from "./columns.tsx";
import classes from "./RunsPage.module.css";
import { RunTable, type Selection } from "./RunTable.tsx";
import { RunPages } from "./runPages.ts";
import { Toolbar } from "./Toolbar.tsx";
import { askOf, columnsOf, KEYED, printSort, sortOf } from "./view.ts";

/** The table; an empty workspace is greeted instead. */
export function RunsPage() {
  const { experimentName } = useParams({ strict: false });
  const view: RunsView = useSearch({ strict: false });
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const inExperiment = experimentName !== undefined;
  const [selected, setSelected] = useState<Selection>(new Set());
  const columnNames = columnsOf(view, inExperiment).join("\n");
  const columns = useMemo(
    () => columnNames.split("\n").flatMap((name) => columnOf(name) ?? []),
    [columnNames],
  );
  const wantsValues = columns.some(({ name }) => /^(metrics|params)\//.test(name) && KEYED.test(name));
  const ask = JSON.stringify(askOf(view, experimentName));
  const pages = useMemo(
    () => new RunPages(workspace, JSON.parse(ask), wantsValues),
    [workspace, ask, wantsValues],
  );
  useEffect(() => {
    pages.open();
    return () => pages.close();
  }, [pages]);
  useNews((news) => pages.take(news));
  useSyncExternalStore(pages.subscribe, () => pages.version);
  const onView = useCallback(
    (change: Partial<RunsView>) =>
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => ({ ...before, ...change }),
        replace: "q" in change,
      }),
    [navigate],
  );

  const isPlain = view.q === undefined && view.filter === undefined && view.status === undefined;
  const { counts } = pages;
  if (counts?.count === 0 && isPlain && !inExperiment) return <StartPage />;
  return (
    <div className={classes.page}>
      <h1 className={inExperiment ? classes.title : "visually-hidden"}>{experimentName ?? "Runs"}</h1>
      <Toolbar
        view={view}
        onView={onView}
        counts={counts}
        inExperiment={inExperiment}
        sampleIds={() =>
          Array.from({ length: Math.min(100, pages.rows) }, (_, i) => pages.run(i)?.runId ?? []).flat()
        }
      />
      {pages.error !== undefined ? (
        <FaultNote error={pages.error} again={() => void pages.refresh()} />
      ) : counts === undefined ? (
        <Waiting />
      ) : counts.count === 0 ? (
        <Empty title="No run is like that">Change the words, the statuses or the filter.</Empty>
      ) : (
        <RunTable
          pages={pages}
          columns={columns}
          sort={sortOf(view)}
          onSort={(sort) => onView({ sort: printSort(sort) })}
          selected={selected}
          onSelect={setSelected}
        />
      )}
      {selected.size > 0 && <BulkBar selected={selected} clear={() => setSelected(new Set())} />}
    </div>
  );
}
