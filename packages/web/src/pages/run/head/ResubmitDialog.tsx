// Submits a run once more with changes: its arguments, its target, or anything of its definition. The project stays the same.
import type { Run, RunDefinition, WholeRunDefinition } from "@malachite/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { Modal } from "../../../parts/Modal.tsx";
import { useTell } from "../../../parts/Toasts.tsx";
import { faultOf } from "../../../service/faults.ts";
import { targetsQuery } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { configurationOf, isMap } from "../copyAs/copied.ts";
import { definitionQuery } from "../runQueries.ts";
import classes from "./Dialogs.module.css";
import {
  argumentLines,
  argumentsOfLines,
  commandLine,
  printDefinition,
  readDefinition,
  withValues,
} from "./editedDefinition.ts";

type About = {
  readonly run: Run;
  readonly runId: string;
  readonly experimentName: string | undefined;
  readonly close: () => void;
};

/** Waits for the definition; then it is a form. */
export function ResubmitDialog(about: About) {
  const definition = useQuery(definitionQuery(useWorkspace(), about.runId));
  return (
    <Modal title="Resubmit with changes" close={about.close} wide>
      {definition.error ? (
        <FaultNote error={definition.error} again={() => void definition.refetch()} />
      ) : definition.data === undefined || about.experimentName === undefined ? (
        <Waiting />
      ) : (
        <Form {...about} experimentName={about.experimentName} before={definition.data} />
      )}
    </Modal>
  );
}

function Form({
  before,
  experimentName,
  run,
  close,
}: About & { readonly before: WholeRunDefinition; readonly experimentName: string }) {
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const tell = useTell();
  const ids = useId();
  const [text, setText] = useState(() => {
    const parent = before.resolved?.parentRunId;
    const configuration = configurationOf(before);
    return printDefinition(
      typeof parent === "string" ? { parentRunId: parent, configuration } : { configuration },
    );
  });
  const [experiment, setExperiment] = useState(experimentName);
  const targets = useQuery(targetsQuery(workspace)).data ?? [];
  const read = readDefinition(text);
  const definition = "definition" in read ? read.definition : undefined;
  const submit = useMutation({
    mutationFn: () =>
      workspace.experiment(experiment.trim()).submit({
        ...(definition as unknown as RunDefinition),
        ...(before.snapshotId === undefined ? {} : { snapshotId: before.snapshotId }),
      }),
    onSuccess: (made) => {
      close();
      tell.done("Submitted.");
      void navigate({ to: "/runs/$runId", params: { runId: made.runId } });
    },
  });
  const change = (values: Readonly<Record<string, unknown>>) =>
    definition && setText(printDefinition(withValues(definition, values)));
  const lines = definition && argumentLines(definition);
  const command = definition && commandLine(definition);
  const target = definition?.configuration.target;
  const shownTarget = typeof target === "string" ? target : (run.target ?? "local");
  const names = targets.map(({ name }) => name);
  return (
    <>
      <p className={classes.note}>
        The same project as it was. The packages of its environment are chosen anew; Resubmit alone keeps them
        too.
        {hasPassword(definition?.configuration) &&
          " The password of its registry is not shown and not sent: add it below."}
      </p>
      {command !== undefined ? (
        <div className={classes.field}>
          <label htmlFor={`${ids}command`}>Command</label>
          <textarea
            id={`${ids}command`}
            rows={3}
            value={command}
            onChange={(event) => change({ command: event.target.value })}
          />
        </div>
      ) : (
        lines !== undefined && (
          <div className={classes.field}>
            <label htmlFor={`${ids}arguments`}>Arguments, one a line</label>
            <Lines
              id={`${ids}arguments`}
              lines={lines}
              change={(now) => change({ arguments: argumentsOfLines(now) })}
            />
          </div>
        )
      )}
      <div className={classes.pair}>
        <div className={classes.field}>
          <label htmlFor={`${ids}target`}>Compute target</label>
          <select
            id={`${ids}target`}
            value={shownTarget}
            disabled={definition === undefined}
            onChange={(event) => change({ target: event.target.value })}
          >
            {(names.includes(shownTarget) ? names : [shownTarget, ...names]).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </div>
        <div className={classes.field}>
          <label htmlFor={`${ids}experiment`}>Experiment</label>
          <input
            id={`${ids}experiment`}
            value={experiment}
            onChange={(event) => setExperiment(event.target.value)}
          />
        </div>
      </div>
      <div className={classes.field}>
        <label htmlFor={`${ids}json`}>Whole definition</label>
        <textarea
          id={`${ids}json`}
          rows={Math.min(16, text.split("\n").length + 1)}
          spellCheck={false}
          value={text}
          aria-invalid={definition === undefined}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <div role="alert">
        {"fault" in read && <p className={classes.fault}>{read.fault}</p>}
        {submit.error && <p className={classes.fault}>{faultOf(submit.error).message}</p>}
      </div>
      <div className={classes.buttons}>
        <Button onClick={close}>Leave</Button>
        <Button
          kind="primary"
          disabled={definition === undefined || experiment.trim() === "" || submit.isPending}
          onClick={() => submit.mutate()}
        >
          Submit
        </Button>
      </div>
    </>
  );
}

/** Keeps empty lines while they are typed, which are no arguments. */
function Lines({
  id,
  lines,
  change,
}: {
  readonly id: string;
  readonly lines: string;
  readonly change: (lines: string) => void;
}) {
  const [typed, setTyped] = useState(lines);
  const shown = argumentsOfLines(typed).join("\n") === lines ? typed : lines;
  return (
    <textarea
      id={id}
      rows={Math.min(10, shown.split("\n").length + 1)}
      spellCheck={false}
      value={shown}
      onChange={(event) => {
        setTyped(event.target.value);
        change(event.target.value);
      }}
    />
  );
}

/** The registry of its image was asked with a password, which no answer holds. */
function hasPassword(configuration: Readonly<Record<string, unknown>> | undefined): boolean {
  const environment = configuration?.environment;
  const docker = isMap(environment) ? environment.docker : undefined;
  const registry = isMap(docker) ? docker.baseImageRegistry : undefined;
  return isMap(registry) && typeof registry.username === "string" && registry.password === undefined;
}
