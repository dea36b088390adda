// A line and the targets that share it, in short: what is taken, by whom, and who comes next.
import type { TargetQueue } from "@malachite/client";
import { Link } from "@tanstack/react-router";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { shownCount } from "../../parts/numbers.ts";
import { Status } from "../../parts/Status.tsx";
import { Duration } from "../../parts/Time.tsx";
import { numberedGpus, sharesOf, shownElsewhere, shownGpus } from "./capacity.ts";
import { Gpus } from "./Gpus.tsx";
import classes from "./LineCard.module.css";
import type { SharedLine } from "./lines.ts";
import { ShareBar } from "./ShareBar.tsx";
import { TargetHealth, TargetReasons } from "./TargetHealth.tsx";

/** So many of those at work are shown here. */
const FEW = 4;

export function LineCard({ line: { targets, queue, error } }: { readonly line: SharedLine }) {
  const [first] = targets;
  if (first === undefined) return null;
  return (
    <section className={classes.card} aria-label={targets.map(({ name }) => name).join(", ")}>
      <ul className={classes.targets}>
        {targets.map((target) => (
          <li key={target.name}>
            <p className={classes.head}>
              <Link to="/compute/$target" params={{ target: target.name }} className={classes.name}>
                {target.name}
              </Link>
              <TargetHealth target={target} />
            </p>
            <TargetReasons target={target} />
          </li>
        ))}
      </ul>
      {targets.length > 1 && <p className={classes.note}>They share one line, and all that is below.</p>}
      {queue === undefined ? (
        error !== undefined && <FaultNote error={error} />
      ) : (
        <Standing queue={queue} name={first.name} />
      )}
    </section>
  );
}

function Standing({ queue, name }: { readonly queue: TargetQueue; readonly name: string }) {
  const { holders, waiting, value } = queue;
  const elsewhere = shownElsewhere(queue);
  const [next] = value;
  return (
    <>
      <div className={classes.shares}>
        {sharesOf(queue).map((share) => (
          <ShareBar key={share.label} {...share} />
        ))}
      </div>
      <Gpus cells={numberedGpus(queue)} />
      <div className={classes.work}>
        <h2>At work</h2>
        {holders.length === 0 && <p className={classes.note}>Nothing runs here now.</p>}
        <ul>
          {holders.slice(0, FEW).map(({ runId, displayName, status, since, gpus }) => (
            <li key={runId} className={classes.run}>
              <Status status={status} bare />
              <Link to="/runs/$runId" params={{ runId }} className={classes.runName}>
                {displayName ?? runId}
              </Link>
              <span className={classes.aside}>
                {gpus.length > 0 && `${shownGpus(gpus, queue.capacity)} · `}
                <Duration from={since} />
              </span>
            </li>
          ))}
        </ul>
        {holders.length > FEW && (
          <Link to="/compute/$target" params={{ target: name }} className={classes.note}>
            {shownCount(holders.length - FEW)} more at work
          </Link>
        )}
      </div>
      <div className={classes.work}>
        <h2>Waiting</h2>
        {waiting === 0 && <p className={classes.note}>No run waits.</p>}
        {next !== undefined && (
          <p className={classes.next}>
            <Link to="/runs/$runId" params={{ runId: next.runId }} className={classes.runName}>
              {next.displayName ?? next.runId}
            </Link>
            <span className={classes.note}>{next.summary}</span>
          </p>
        )}
        {waiting > 0 && (
          <Link to="/compute/$target" params={{ target: name }} className={classes.all}>
            {waiting === 1 ? "The line" : `The line of ${shownCount(waiting)} runs`}
          </Link>
        )}
      </div>
      {elsewhere !== undefined && <p className={classes.note}>{elsewhere}</p>}
    </>
  );
}
