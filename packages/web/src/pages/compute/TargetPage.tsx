// One compute target: what it has, which runs have it, and who waits for it in which order.
import type { Run } from "@malachite/client";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { CodeBlock } from "../../parts/Copy.tsx";
import { Empty, Waiting } from "../../parts/Empty.tsx";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { shownCount } from "../../parts/numbers.ts";
import { targetsQuery } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import { CancelDialog } from "../run/head/CancelDialog.tsx";
import { AtWork } from "./AtWork.tsx";
import { numberedGpus, sharesOf, shownElsewhere } from "./capacity.ts";
import { Gpus } from "./Gpus.tsx";
import { Line } from "./Line.tsx";
import { MachineFacts } from "./MachineFacts.tsx";
import { submitTo } from "./moreTargets.ts";
import { lineQuery } from "./queueQueries.ts";
import { ShareBar } from "./ShareBar.tsx";
import { TargetHealth, TargetReasons } from "./TargetHealth.tsx";
import { TargetOptions } from "./TargetOptions.tsx";
import classes from "./TargetPage.module.css";

type Canceled = { readonly runId: string; readonly run: Run };

/** Live: runs that start, end and go on change what is shown at once. */
export function TargetPage() {
  const { target: name } = useParams({ from: "/compute/$target" });
  const { why: opened } = useSearch({ from: "/compute/$target" });
  const navigate = useNavigate();
  const workspace = useWorkspace();
  const targets = useQuery(targetsQuery(workspace)).data ?? [];
  const line = useInfiniteQuery(lineQuery(workspace, name));
  const [canceled, setCanceled] = useState<Canceled>();
  useEffect(() => {
    document.title = `${name} · Compute · Malachite`;
    return () => {
      document.title = "Malachite";
    };
  }, [name]);
  const pages = line.data?.pages;
  const rows = useMemo(() => pages?.flatMap(({ value }) => value) ?? [], [pages]);
  const { fetchNextPage, hasNextPage, isFetching } = line;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetching]);
  const [queue] = pages ?? [];
  if (queue === undefined)
    return line.error ? <FaultNote error={line.error} again={() => void line.refetch()} /> : <Waiting />;

  const { holders, waiting, sharedWith } = queue;
  const cells = numberedGpus(queue);
  const elsewhere = shownElsewhere(queue);
  const target = targets.find((one) => one.name === name);
  const cancel = ({
    runId,
    displayName,
    status,
  }: {
    runId: string;
    displayName?: string;
    status?: Run["status"];
  }) => setCanceled({ runId, run: { runId, displayName, status: status ?? "NotStarted" } });
  return (
    <div className={classes.page}>
      <div className={classes.head}>
        <Link to="/compute" className={classes.up}>
          Compute
        </Link>
        <h1>{name}</h1>
        {target && <TargetHealth target={target} />}
      </div>
      {target && <TargetReasons target={target} />}
      <TargetOptions name={name} />
      {sharedWith.length > 0 && (
        <p className={classes.note}>
          It shares its line and all it has with{" "}
          {sharedWith.map((other, at) => (
            <span key={other}>
              {at > 0 && ", "}
              <Link to="/compute/$target" params={{ target: other }}>
                {other}
              </Link>
            </span>
          ))}
          .
        </p>
      )}
      <section className={classes.shares} aria-label="Capacity">
        {sharesOf(queue).map((share) => (
          <ShareBar key={share.label} {...share} />
        ))}
      </section>
      <MachineFacts target={name} />
      {cells.length > 0 && (
        <section className={classes.part}>
          <h2>GPUs</h2>
          <Gpus cells={cells} />
        </section>
      )}
      {elsewhere !== undefined && <p className={classes.note}>{elsewhere}</p>}
      {holders.length === 0 && waiting === 0 ? (
        <Empty title="No run is at work or waits here">
          <span>Send it the folder you are in:</span>
          <CodeBlock code={submitTo(name)} what="Submit to this target" />
        </Empty>
      ) : (
        <>
          <section className={classes.part}>
            <h2>
              At work <span className={classes.count}>{shownCount(holders.length)}</span>
            </h2>
            {holders.length === 0 ? (
              <p className={classes.note}>No run of this workspace is at work here.</p>
            ) : (
              <AtWork queue={queue} target={name} cancel={cancel} />
            )}
          </section>
          <section className={classes.part}>
            <h2>
              Waiting <span className={classes.count}>{shownCount(waiting)}</span>
            </h2>
            {rows.length === 0 ? (
              <p className={classes.note}>No run waits.</p>
            ) : (
              <Line
                rows={rows}
                target={name}
                opened={opened}
                open={(why) =>
                  void navigate({
                    to: "/compute/$target",
                    params: { target: name },
                    search: { why },
                    replace: true,
                    resetScroll: false,
                  })
                }
                cancel={cancel}
                more={more}
              />
            )}
          </section>
        </>
      )}
      {canceled && (
        <CancelDialog run={canceled.run} runId={canceled.runId} hosted close={() => setCanceled(undefined)} />
      )}
    </div>
  );
}
