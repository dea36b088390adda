// What holds what of a line.
import type { QueueHolder, TargetQueue } from "@malachite/client";
import { Ban } from "lucide-react";
import { useState } from "react";
import { Button } from "../../parts/Button.tsx";
import { shownCount } from "../../parts/numbers.ts";
import { RunName } from "../../parts/RunName.tsx";
import { Status } from "../../parts/Status.tsx";
import { Duration } from "../../parts/Time.tsx";
import classes from "./AtWork.module.css";
import { counted, shownGpus } from "./capacity.ts";

const FEW = 40;

/** The longest at work first. `target`: others that share the line are named. */
export function AtWork({
  queue: { holders, capacity },
  target,
  cancel,
}: {
  readonly queue: Pick<TargetQueue, "holders" | "capacity">;
  readonly target: string;
  readonly cancel: (run: QueueHolder) => void;
}) {
  const [all, setAll] = useState(false);
  return (
    <>
      <ul className={classes.rows} aria-label="Runs at work">
        {(all ? holders : holders.slice(0, FEW)).map((run) => {
          const { runId, displayName, experimentName, status, since, gpus, nodes } = run;
          return (
            <li key={runId} className={classes.row}>
              <RunName runId={runId} name={displayName} className={classes.who}>
                {experimentName}
                {run.target !== target && ` · on ${run.target}`}
              </RunName>
              <span>
                <Status status={status} />
              </span>
              <span className={classes.has}>
                {counted(nodes, "node")}
                {gpus.length > 0 && ` · ${shownGpus(gpus, capacity)}`}
              </span>
              <span className={classes.since}>
                <span className="visually-hidden">for </span>
                <Duration from={since} />
              </span>
              <Button
                kind="bare"
                size="small"
                aria-label={`Cancel ${displayName ?? runId}`}
                title="Cancel"
                disabled={status === "CancelRequested"}
                onClick={() => cancel(run)}
              >
                <Ban aria-hidden />
              </Button>
            </li>
          );
        })}
      </ul>
      {!all && holders.length > FEW && (
        <Button size="small" onClick={() => setAll(true)}>
          Show {shownCount(holders.length - FEW)} more
        </Button>
      )}
    </>
  );
}
