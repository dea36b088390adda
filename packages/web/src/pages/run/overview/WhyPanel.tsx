// What a run that has not ended waits for, exactly: every constraint, with links to the runs that hold the place.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Hourglass } from "lucide-react";
import { Fragment, useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { useNews } from "../../../service/live.tsx";
import { whyQuery } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { splitAtIds } from "./splitAtIds.ts";
import classes from "./WhyPanel.module.css";

const FEW = 12;

/** Shown only while it waits for something other than its own code. */
export function WhyPanel({ runId, status }: { readonly runId: string; readonly status: string | undefined }) {
  const why = useQuery(whyQuery(useWorkspace(), runId));
  const [all, setAll] = useState(false);
  // Its place in the line changes without its record being changed.
  useNews((news) => {
    if (news.kind === "queue" && status !== "Running") void why.refetch();
  });
  if (why.data === undefined || !why.data.waiting) return null;
  return (
    <section className={classes.why} aria-label="Why it waits">
      <Hourglass aria-hidden />
      <ul>
        {why.data.constraints.map(({ code, message, resource, needed, free, heldBy = [], ahead }) => {
          const pieces = splitAtIds(message, heldBy);
          const named = new Set(pieces.flatMap(({ id }) => id ?? []));
          const others = heldBy.filter((id) => !named.has(id));
          return (
            <li key={code + message}>
              <p>
                {pieces.map(({ text, id }, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text, which have nothing else
                  <Fragment key={at}>
                    {id === undefined ? (
                      text
                    ) : (
                      <Link to="/runs/$runId" params={{ runId: id }}>
                        {id}
                      </Link>
                    )}
                  </Fragment>
                ))}
              </p>
              {/* Of a quota of runs the message has said all. */}
              {needed !== undefined && free !== undefined && resource !== "runningRuns" && (
                <p className={classes.numbers}>
                  It needs {needed} {needed === 1 ? resource?.replace(/s$/, "") : resource}, {free} free.
                  {ahead !== undefined && ahead > 0 && ` ${ahead} ahead of it.`}
                </p>
              )}
              {others.length > 0 && (
                <p className={classes.holders}>
                  Held by{" "}
                  {(all ? others : others.slice(0, FEW)).map((id) => (
                    <Link key={id} to="/runs/$runId" params={{ runId: id }}>
                      {id}
                    </Link>
                  ))}
                  {!all && others.length > FEW && (
                    <Button size="small" onClick={() => setAll(true)}>
                      {others.length - FEW} more
                    </Button>
                  )}
                </p>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
