// Where the logs of two runs part: the first line that differs, and what is around it. The service looks; logs of any size will do.
import type { LogDivergence } from "@malachite/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "../../parts/Button.tsx";
import { Choice } from "../../parts/Choice.tsx";
import { Empty, Waiting } from "../../parts/Empty.tsx";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { shownCount } from "../../parts/numbers.ts";
import { faultOf } from "../../service/faults.ts";
import { keyOf } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import type { ComparedRun } from "./comparedRuns.ts";
import classes from "./LogPart.module.css";

const IGNORES = { nothing: [], times: ["times"], numbers: ["times", "numbers"] } as const;
type Ignore = keyof typeof IGNORES;

export function LogPart({ left, right }: { readonly left: ComparedRun; readonly right: ComparedRun }) {
  const workspace = useWorkspace();
  const [ignore, setIgnore] = useState<Ignore>("times");
  const query = useQuery({
    queryKey: [keyOf(workspace), "ofRun", left.runId, "files", "divergence", right.runId, ignore],
    queryFn: ({ signal }) =>
      workspace.run(left.runId).logs.compare({
        otherRunId: right.runId,
        ignore: IGNORES[ignore],
        context: 8,
        abortSignal: signal,
      }),
    retry: false,
  });
  return (
    <div className={classes.part}>
      <Choice word="Overlook">
        <select value={ignore} onChange={(event) => setIgnore(event.target.value as Ignore)}>
          <option value="nothing">nothing</option>
          <option value="times">times and dates</option>
          <option value="numbers">all numbers</option>
        </select>
        <Button size="small" onClick={() => void query.refetch()}>
          Look again
        </Button>
      </Choice>
      {query.error ? (
        faultOf(query.error).kind === "notFound" ? (
          <Empty title="One of the runs has no log yet">
            <p>{faultOf(query.error).message}</p>
          </Empty>
        ) : (
          <FaultNote error={query.error} again={() => void query.refetch()} />
        )
      ) : query.data === undefined ? (
        <Waiting what="Comparing the logs" />
      ) : (
        <Divergence found={query.data} left={left} right={right} />
      )}
    </div>
  );
}

function Divergence({
  found: { same, line, before, left: a, right: b },
  left,
  right,
}: {
  readonly found: LogDivergence;
  readonly left: ComparedRun;
  readonly right: ComparedRun;
}) {
  if (same)
    return (
      <Empty title="The logs are the same">
        <p>{shownCount(line - 1)} lines.</p>
      </Empty>
    );
  const first = line - before.length;
  return (
    <>
      <p>
        The first line that differs is line <b>{shownCount(line)}</b>.
      </p>
      {before.length > 0 && (
        <Lines label="The same in both, before it" lines={before.map(({ text }) => text)} first={first} />
      )}
      <div className={classes.sides}>
        {(
          [
            [left, a],
            [right, b],
          ] as const
        ).map(([run, side]) => (
          <section key={run.runId} className={classes.side}>
            <h2>
              <Link to="/runs/$runId/logs" params={{ runId: run.runId }} search={{ path: side.path, line }}>
                {run.name}
              </Link>
              <span>{side.path}</span>
            </h2>
            {side.values.length === 0 ? (
              <p className={classes.end}>The log ends here.</p>
            ) : (
              <Lines
                label={`Lines of ${run.name} from there on`}
                lines={side.values.map(({ text }) => text)}
                first={line}
                marked
              />
            )}
          </section>
        ))}
      </div>
    </>
  );
}

function Lines({
  label,
  lines,
  first,
  marked,
}: {
  readonly label: string;
  readonly lines: readonly string[];
  readonly first: number;
  readonly marked?: boolean;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className={classes.lines} tabIndex={0} aria-label={label}>
      <ol start={first}>
        {lines.map((text, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
          <li key={i} value={first + i} className={marked && i === 0 ? classes.marked : undefined}>
            <span className={classes.number}>{first + i}</span>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
