// The experiments of a workspace, each with how its runs went.
import { keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useRef } from "react";
import { Button } from "../../parts/Button.tsx";
import { Empty, Waiting } from "../../parts/Empty.tsx";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { shownCount } from "../../parts/numbers.ts";
import { SearchBox } from "../../parts/SearchBox.tsx";
import { lookOf } from "../../parts/Status.tsx";
import { Time } from "../../parts/Time.tsx";
import { useNews } from "../../service/live.tsx";
import { keyOf } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import classes from "./ExperimentsPage.module.css";

const PAGE = 60;
const AGAIN_MS = 1000;
const ENDED = ["Completed", "Failed", "Canceled"];

/** Cards, the one with the latest activity first. */
export function ExperimentsPage() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const { q = "" } = useSearch({ from: "/experiments" });
  const navigate = useNavigate();
  const find = useCallback(
    (words: string) =>
      void navigate({ to: "/experiments", search: { q: words || undefined }, replace: true }),
    [navigate],
  );
  const key = [keyOf(workspace), "experiments", q];
  const found = useInfiniteQuery({
    queryKey: key,
    initialPageParam: 0,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      workspace.tables.queryExperiments({
        search: q || undefined,
        top: PAGE,
        offset: pageParam,
        abortSignal: signal,
      }),
    getNextPageParam: ({ count }, pages) => (pages.length * PAGE < count ? pages.length * PAGE : undefined),
  });
  const again = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(again.current), []);
  useNews((news) => {
    if (news.kind !== "run") return;
    again.current ??= setTimeout(() => {
      again.current = undefined;
      void queries.invalidateQueries({ queryKey: key });
    }, AGAIN_MS);
  });
  if (found.error) return <FaultNote error={found.error} again={() => void found.refetch()} />;
  if (found.data === undefined) return <Waiting />;
  const experiments = found.data.pages.flatMap(({ value }) => value);
  return (
    <div className={classes.page}>
      <div className={classes.head}>
        <h1>Experiments</h1>
        <SearchBox label="Find experiments" placeholder="Find by name" value={q} onChange={find} />
        <span className={classes.count}>{shownCount(found.data.pages[0]?.count ?? 0)}</span>
      </div>
      {experiments.length === 0 && (
        <Empty title={q === "" ? "No experiment yet" : "No experiment has that name"}>
          An experiment is made by its first run. <Link to="/start">Submit one</Link>
        </Empty>
      )}
      <ul className={classes.cards}>
        {experiments.map(({ experiment, runs, byStatus, lastActivityUtc }) => (
          <li key={experiment.experimentId} className={classes.card}>
            <Link
              to="/experiments/$experimentName"
              params={{ experimentName: experiment.name ?? "" }}
              className={classes.name}
            >
              {experiment.name}
            </Link>
            {experiment.description && <p className={classes.description}>{experiment.description}</p>}
            <Bar byStatus={byStatus} runs={runs} />
            <p className={classes.facts}>
              <span>
                {shownCount(runs)} {runs === 1 ? "run" : "runs"}
              </span>
              <span>{lastActivityUtc && <Time at={lastActivityUtc} />}</span>
            </p>
          </li>
        ))}
      </ul>
      {found.hasNextPage && (
        <Button
          className={classes.more}
          onClick={() => void found.fetchNextPage()}
          disabled={found.isFetchingNextPage}
        >
          More experiments
        </Button>
      )}
    </div>
  );
}

/** How the runs went, as shares of a bar, and in words. */
function Bar({
  byStatus,
  runs,
}: {
  readonly byStatus: Readonly<Record<string, number>>;
  readonly runs: number;
}) {
  const atWork = Object.entries(byStatus).reduce(
    (sum, [status, n]) => sum + (ENDED.includes(status) ? 0 : n),
    0,
  );
  const parts = [
    { label: "completed", tone: lookOf("Completed").tone, n: byStatus.Completed ?? 0 },
    { label: "failed", tone: lookOf("Failed").tone, n: byStatus.Failed ?? 0 },
    { label: "canceled", tone: lookOf("Canceled").tone, n: byStatus.Canceled ?? 0 },
    { label: "waiting or at work", tone: lookOf("Running").tone, n: atWork },
  ].filter(({ n }) => n > 0);
  return (
    <>
      <div className={classes.bar} aria-hidden>
        {parts.map(({ label, tone, n }) => (
          <span
            key={label}
            className={classes[tone]}
            style={{ flexGrow: Math.max(n / Math.max(runs, 1), 0.02) }}
          />
        ))}
      </div>
      <p className={classes.words}>
        {parts.map(({ label, tone, n }) => (
          <span key={label}>
            <span className={`${classes.dot} ${classes[tone]}`} aria-hidden /> {shownCount(n)} {label}
          </span>
        ))}
      </p>
    </>
  );
}
