// What is known of a run: when and by whom, its parameters, environment, code, properties.
import type { Run } from "@malachite/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Copy } from "../../../parts/Copy.tsx";
import { Duration, Time } from "../../../parts/Time.tsx";
import { detailsQuery } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { hasEnded } from "../runQueries.ts";
import classes from "./Facts.module.css";
import { type Fact, type FactGroup, factsOf } from "./facts.ts";
import { Panel } from "./Panel.tsx";
import { safeUrl } from "./safeUrl.ts";

/** Groups without anything in them are left out. */
export function Facts({ run, runId }: { readonly run: Run; readonly runId: string }) {
  const details = useQuery(detailsQuery(useWorkspace(), runId));
  const ended = hasEnded(run.status);
  const { createdUtc, startTimeUtc, endTimeUtc } = run;
  const groups = factsOf(run, details.data);
  const [first, ...others] = groups[0]?.title === "Parameters" ? groups : [undefined, ...groups];
  const group = ({ title, facts }: FactGroup) => (
    <Panel
      key={title}
      title={title}
      aside={
        title === "What runs" && (
          <Link to="/runs/$runId/snapshot" params={{ runId }}>
            Code
          </Link>
        )
      }
    >
      <dl className={classes.facts}>
        {facts.map((fact, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an argument may be there twice
          <Row key={at} name={fact.name}>
            <Value {...fact} />
          </Row>
        ))}
      </dl>
    </Panel>
  );
  return (
    <>
      {first && group(first)}
      <Panel title="Times">
        <dl className={classes.facts}>
          <Row name="Created">
            <Time at={createdUtc} />
            {run.createdBy?.userName && <> by {run.createdBy.userName}</>}
          </Row>
          {startTimeUtc && (
            <Row name="Started">
              <Time at={startTimeUtc} />
            </Row>
          )}
          {endTimeUtc && (
            <Row name="Ended">
              <Time at={endTimeUtc} />
            </Row>
          )}
          {startTimeUtc && (
            <Row name="Script took">
              <Duration from={startTimeUtc} to={endTimeUtc ?? (ended ? run.lastModifiedUtc : undefined)} />
            </Row>
          )}
          <Row name="In all">
            <Duration from={createdUtc} to={endTimeUtc ?? (ended ? run.lastModifiedUtc : undefined)} />
          </Row>
          {run.runNumber !== undefined && <Row name="Number">{run.runNumber}</Row>}
          {run.cancelationReason && <Row name="Canceled because">{run.cancelationReason}</Row>}
        </dl>
      </Panel>
      {others.map((one) => one && group(one))}
    </>
  );
}

function Row({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name === "" ? <span className="visually-hidden">argument</span> : name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Value({ name, value }: Fact) {
  const url = safeUrl(value);
  return (
    <span className={classes.value}>
      {url === "" ? (
        <span>{value}</span>
      ) : (
        <a href={url} target="_blank" rel="noopener noreferrer nofollow">
          {value}
        </a>
      )}
      {value.length > 24 && <Copy text={value} what={name} />}
    </span>
  );
}
