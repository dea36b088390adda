// The runs that are compared: how their lines look, and which of them are shown, first, or gone.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Eye, EyeOff, Pin, Plus, X } from "lucide-react";
import { useDeferredValue, useId, useState } from "react";
import { Button } from "../../parts/Button.tsx";
import { Swatch } from "../../parts/plot/Readout.tsx";
import { Status } from "../../parts/Status.tsx";
import { faultOf } from "../../service/faults.ts";
import { keyOf } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import type { ComparedRun } from "./comparedRuns.ts";
import classes from "./RunChips.module.css";
import { type Change, type CompareView, idsOf, listOf, MOST_RUNS } from "./view.ts";

export function RunChips({
  runs,
  view,
  change,
}: {
  readonly runs: readonly ComparedRun[];
  readonly view: CompareView;
  readonly change: Change;
}) {
  const ids = runs.map(({ runId }) => runId);
  const hidden = new Set(idsOf(view.hidden));
  const toggle = (runId: string) => {
    if (!hidden.delete(runId)) hidden.add(runId);
    change({ hidden: listOf([...hidden]) });
  };
  return (
    <ul className={classes.chips} aria-label="Runs">
      {runs.map(({ runId, name, run, error }, look) => (
        <li key={runId} className={classes.chip} data-hidden={hidden.has(runId) || undefined}>
          <Swatch look={look} />
          {error === undefined ? (
            <Status bare status={run?.status} />
          ) : (
            <span className={classes.fault} title={faultOf(error).message}>
              not found
            </span>
          )}
          <Link to="/runs/$runId" params={{ runId }} title={runId} className={classes.name}>
            {name}
          </Link>
          <Button
            kind="bare"
            size="small"
            aria-pressed={hidden.has(runId)}
            aria-label={`Hide the lines of ${name}`}
            title={hidden.has(runId) ? "Show its lines" : "Hide its lines"}
            onClick={() => toggle(runId)}
          >
            {hidden.has(runId) ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
          </Button>
          {look > 0 && (
            <Button
              kind="bare"
              size="small"
              aria-label={`Put ${name} first`}
              title="Put first: the others are measured by it"
              onClick={() => change({ runs: listOf([runId, ...ids.filter((id) => id !== runId)]) })}
            >
              <Pin aria-hidden />
            </Button>
          )}
          <Button
            kind="bare"
            size="small"
            aria-label={`Remove ${name}`}
            title="Remove"
            onClick={() => change({ runs: listOf(ids.filter((id) => id !== runId)) })}
          >
            <X aria-hidden />
          </Button>
        </li>
      ))}
      {runs.length < MOST_RUNS && (
        <li>
          <AddRun taken={ids} add={(runId) => change({ runs: listOf([...ids, runId]) })} />
        </li>
      )}
    </ul>
  );
}

function AddRun({
  taken,
  add,
}: {
  readonly taken: readonly string[];
  readonly add: (runId: string) => void;
}) {
  const workspace = useWorkspace();
  const [isOpen, setIsOpen] = useState(false);
  const [words, setWords] = useState("");
  const search = useDeferredValue(words.trim());
  const list = useId();
  const found = useQuery({
    queryKey: [keyOf(workspace), "runs", "toCompare", search],
    queryFn: ({ signal }) => workspace.tables.queryRunsPage({ search, top: 20, abortSignal: signal }),
    enabled: isOpen,
  });
  const offered = (found.data?.value ?? []).filter(({ runId = "" }) => !taken.includes(runId)).slice(0, 12);
  if (!isOpen)
    return (
      <Button size="small" onClick={() => setIsOpen(true)}>
        <Plus aria-hidden /> Add a run
      </Button>
    );
  const close = () => {
    setIsOpen(false);
    setWords("");
  };
  return (
    <search
      className={classes.add}
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && close()}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <input
        // biome-ignore lint/a11y/noAutofocus: it comes by the button that was pressed
        autoFocus
        type="search"
        aria-label="Find a run to add"
        aria-controls={list}
        placeholder="Name, tag, experiment…"
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <ul id={list} className={classes.found} aria-label="Runs found">
        {offered.map(({ runId = "", displayName, experimentName, status }) => (
          <li key={runId}>
            <button
              type="button"
              onClick={() => {
                add(runId);
                close();
              }}
            >
              <Status bare status={status} />
              <span className={classes.name}>{displayName || runId}</span>
              <span className={classes.of}>{experimentName}</span>
            </button>
          </li>
        ))}
        {found.data && offered.length === 0 && <li className={classes.none}>No other run is found.</li>}
      </ul>
    </search>
  );
}
