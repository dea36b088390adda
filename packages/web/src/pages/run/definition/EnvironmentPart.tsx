// What a run had to run with, and the lock that says it exactly.
import type { WholeRunDefinition } from "@malachite/client";
import { useMemo } from "react";
import { Empty } from "../../../parts/Empty.tsx";
import { CodeView } from "./CodeView.tsx";
import classes from "./DefinitionTab.module.css";

const NAMES = [
  { key: "name", label: "Name" },
  { key: "version", label: "Version" },
  { key: "python", label: "Python" },
  { key: "image", label: "Image" },
  { key: "id", label: "Id, the same for the same content" },
] as const;

/** It is known from the time the run was prepared on. */
export function EnvironmentPart({
  environment,
  runId,
}: {
  readonly environment: WholeRunDefinition["environment"];
  readonly runId: string;
}) {
  const lock = environment?.lock;
  const rows = useMemo(
    () =>
      (lock ?? "")
        .trimEnd()
        .split("\n")
        .map((text) => ({ text })),
    [lock],
  );
  if (environment === undefined)
    return (
      <Empty title="Its environment is not known">
        <p>It is found or made when the run is prepared, and shown here then.</p>
      </Empty>
    );
  return (
    <>
      <dl className={classes.facts}>
        {NAMES.map(({ key, label }) => {
          const value = environment[key];
          return value === undefined ? null : (
            <div key={key}>
              <dt>{label}</dt>
              <dd>
                <code>{value}</code>
              </dd>
            </div>
          );
        })}
      </dl>
      {lock === undefined ? (
        <p className={classes.note}>
          There is no lock: nothing was installed for it. Its packages are those of its python or its image.
        </p>
      ) : (
        <CodeView
          what="the lock"
          file={`${runId}.lock.txt`}
          text={lock}
          rows={rows}
          draw={({ text }) => text}
        />
      )}
    </>
  );
}
