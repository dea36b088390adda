// Adds a target to the settings file of the service, for operators, and tells whether it is usable.
import type { ComputeTargetDetail, TargetKind } from "@malachite/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { Button } from "../../parts/Button.tsx";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { useIsOperator } from "../../service/operator.ts";
import { targetsQuery } from "../../service/queries.ts";
import { useService, useWorkspace } from "../../service/service.tsx";
import fields from "../run/head/Dialogs.module.css";
import { readOptionLines } from "./optionLines.ts";
import classes from "./TargetForm.module.css";

const EXAMPLES: Readonly<Record<TargetKind, string>> = {
  process: "runsAtOnce=1\nmemoryMiB=4096",
  container: "image=python:3.12\nmemoryMiB=4096",
  slurm: "partition=gpu",
  ssh: "host=me@gpu1.lab\nslots=2",
  kubernetes: "namespace=runs",
};
const KINDS = Object.keys(EXAMPLES) as readonly TargetKind[];

/** Shown to operators alone: for others there is nothing. */
export function TargetForm() {
  return useIsOperator() ? <Form /> : null;
}

function Form() {
  const { client } = useService();
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const ids = useId();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<TargetKind>("process");
  const [lines, setLines] = useState("");
  const [replace, setReplace] = useState(false);
  const read = readOptionLines(lines);
  const add = useMutation({
    mutationFn: async (options: Readonly<Record<string, unknown>>) => {
      await client.addTarget(name.trim(), { kind, options, replace });
      return await workspace.getTarget(name.trim());
    },
    onSettled: () => queries.invalidateQueries({ queryKey: targetsQuery(workspace).queryKey }),
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    if ("options" in read) add.mutate(read.options);
  };
  return (
    <form className={classes.form} onSubmit={send} aria-label="Add a target">
      <div className={fields.pair}>
        <div className={fields.field}>
          <label htmlFor={`${ids}name`}>Name</label>
          <input
            id={`${ids}name`}
            value={name}
            required
            autoComplete="off"
            spellCheck={false}
            placeholder="what runs name as their target"
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <div className={fields.field}>
          <label htmlFor={`${ids}kind`}>Kind</label>
          <select
            id={`${ids}kind`}
            value={kind}
            onChange={(event) => setKind(event.target.value as TargetKind)}
          >
            {KINDS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </div>
      </div>
      <div className={fields.field}>
        <label htmlFor={`${ids}options`}>Options, one a line</label>
        <textarea
          id={`${ids}options`}
          rows={3}
          value={lines}
          spellCheck={false}
          placeholder={EXAMPLES[kind]}
          onChange={(event) => setLines(event.target.value)}
        />
        {"fault" in read && <p className={fields.fault}>{read.fault}</p>}
      </div>
      <div className={classes.end}>
        <label>
          <input type="checkbox" checked={replace} onChange={(event) => setReplace(event.target.checked)} />
          In place of the target of that name
        </label>
        <Button kind="primary" type="submit" disabled={add.isPending || !("options" in read)}>
          {add.isPending ? "Adding" : "Add"}
        </Button>
      </div>
      {add.error ? <FaultNote error={add.error} /> : add.data && <Verdict of={add.data} />}
    </form>
  );
}

function Verdict({ of: { name, kind, usable, reason, warning } }: { readonly of: ComputeTargetDetail }) {
  return (
    <p role="status">
      <strong>{name}</strong> ({kind}) is there, and {usable ? "usable." : "not usable: "}
      {usable ? warning !== undefined && ` ${warning}` : (reason ?? "it does not say why.")}
    </p>
  );
}
