// The description of a run: Markdown, edited in its place.
import type { Run } from "@malachite/client";
import { Pencil } from "lucide-react";
import { lazy, Suspense, useRef, useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { useChangeRun } from "../runQueries.ts";
import classes from "./Description.module.css";
import { Panel } from "./Panel.tsx";

const Markdown = lazy(async () => ({ default: (await import("./Markdown.tsx")).Markdown }));

/** Ctrl or Command with Enter saves, Escape leaves it as it was. */
export function Description({ run, runId }: { readonly run: Run; readonly runId: string }) {
  const change = useChangeRun(runId);
  const [draft, setDraft] = useState<string>();
  const edit = useRef<HTMLButtonElement>(null);
  const text = run.description ?? "";
  const close = () => {
    setDraft(undefined);
    requestAnimationFrame(() => edit.current?.focus());
  };
  const save = () => {
    if (draft !== undefined && draft !== text) change.mutate({ description: draft });
    close();
  };
  return (
    <Panel
      title="Description"
      aside={
        draft === undefined && (
          <Button
            ref={edit}
            kind="bare"
            size="small"
            aria-label="Edit the description"
            title="Edit the description"
            onClick={() => setDraft(text)}
          >
            <Pencil aria-hidden />
          </Button>
        )
      }
    >
      {draft !== undefined ? (
        <div className={classes.form}>
          <textarea
            aria-label="Description, in Markdown"
            // biome-ignore lint/a11y/noAutofocus: whoever asks to edit wants to type
            autoFocus
            rows={Math.min(20, Math.max(5, draft.split("\n").length + 1))}
            value={draft}
            onChange={(event) => setDraft(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") close();
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
            }}
          />
          <div className={classes.buttons}>
            <Button size="small" kind="primary" onClick={save}>
              Save
            </Button>
            <Button size="small" kind="bare" onClick={close}>
              Leave
            </Button>
            <span className={classes.hint}>Markdown. Ctrl Enter saves.</span>
          </div>
        </div>
      ) : text === "" ? (
        <p className={classes.hint}>What was this run for? Say it here, in Markdown.</p>
      ) : (
        <Suspense fallback={<p className={classes.plain}>{text}</p>}>
          <Markdown text={text} />
        </Suspense>
      )}
    </Panel>
  );
}
