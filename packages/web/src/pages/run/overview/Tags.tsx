// The tags of a run, edited in their place.
import type { Run } from "@malachite/client";
import { Plus, X } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { useChangeRun } from "../runQueries.ts";
import { Panel } from "./Panel.tsx";
import classes from "./Tags.module.css";

type Edited = { readonly name?: string };

/** Each tag is a button that opens its form; Delete on it removes it. */
export function Tags({ run, runId }: { readonly run: Run; readonly runId: string }) {
  const change = useChangeRun(runId);
  const [edited, setEdited] = useState<Edited>();
  const list = useRef<HTMLUListElement>(null);
  const tags = Object.entries(run.tags ?? {}).map(([name, value]) => [name, value ?? ""] as const);
  const add = () => setEdited({});
  const close = () => {
    setEdited(undefined);
    requestAnimationFrame(() => list.current?.querySelector("button")?.focus());
  };
  const save = (name: string, value: string, before: string | undefined) => {
    close();
    const same = before === name && run.tags?.[name] === value;
    if (!same)
      change.mutate({
        tags: { [name]: value },
        deleteTags: before !== undefined && before !== name ? [before] : [],
      });
  };
  const remove = (name: string) => {
    close();
    change.mutate({ deleteTags: [name] });
  };
  return (
    <Panel
      title="Tags"
      aside={
        <Button kind="bare" size="small" aria-label="Add a tag" title="Add a tag" onClick={add}>
          <Plus aria-hidden />
        </Button>
      }
    >
      <ul className={classes.tags} ref={list}>
        {tags.map(([name, value]) => (
          <li key={name} className={classes.tag}>
            <button
              type="button"
              aria-label={`Edit the tag ${name}: ${value}`}
              onClick={() => setEdited({ name })}
              onKeyDown={(event) => event.key === "Delete" && remove(name)}
            >
              <span className={classes.name}>{name}</span>
              {value !== "" && <span className={classes.value}>{value}</span>}
            </button>
            <button type="button" aria-label={`Remove the tag ${name}`} onClick={() => remove(name)}>
              <X aria-hidden />
            </button>
          </li>
        ))}
      </ul>
      {tags.length === 0 && edited === undefined && (
        <Button size="small" onClick={add}>
          <Plus aria-hidden />
          Add a tag
        </Button>
      )}
      {edited !== undefined && (
        <TagForm
          key={edited.name ?? ""}
          name={edited.name}
          value={edited.name === undefined ? "" : (run.tags?.[edited.name] ?? "")}
          save={save}
          close={close}
        />
      )}
    </Panel>
  );
}

function TagForm({
  name: before,
  value: valueBefore,
  save,
  close,
}: {
  readonly name: string | undefined;
  readonly value: string;
  readonly save: (name: string, value: string, before: string | undefined) => void;
  readonly close: () => void;
}) {
  const [name, setName] = useState(before ?? "");
  const [value, setValue] = useState(valueBefore);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") save(name.trim(), value, before);
  };
  return (
    <form
      className={classes.form}
      onSubmit={submit}
      onKeyDown={(event) => event.key === "Escape" && close()}
      aria-label={before === undefined ? "New tag" : `Tag ${before}`}
    >
      <input
        aria-label="Name"
        placeholder="name"
        // biome-ignore lint/a11y/noAutofocus: whoever opens the form wants to type
        autoFocus={before === undefined}
        value={name}
        maxLength={256}
        onChange={(event) => setName(event.target.value)}
      />
      <input
        aria-label="Value"
        placeholder="value"
        // biome-ignore lint/a11y/noAutofocus: whoever opens the form wants to type
        autoFocus={before !== undefined}
        value={value}
        onChange={(event) => setValue(event.target.value)}
      />
      <Button size="small" type="submit" disabled={name.trim() === ""}>
        Save
      </Button>
      <Button size="small" kind="bare" onClick={close}>
        Leave
      </Button>
    </form>
  );
}
