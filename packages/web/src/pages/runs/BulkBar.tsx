// What can be done with the runs that were chosen.

import type { ChangeRuns } from "@malachite/client";
import { Link } from "@tanstack/react-router";
import { Ban, Columns2, Tag, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button, buttonClass } from "../../parts/Button.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { Modal } from "../../parts/Modal.tsx";
import { shownCount } from "../../parts/numbers.ts";
import { useTell } from "../../parts/Toasts.tsx";
import { useWorkspace } from "../../service/service.tsx";
import classes from "./BulkBar.module.css";
import type { Selection } from "./RunTable.tsx";

/** So many are compared at once. */
const MOST_COMPARED = 50;

export function BulkBar({ selected, clear }: { readonly selected: Selection; readonly clear: () => void }) {
  const workspace = useWorkspace();
  const tell = useTell();
  const [dialog, setDialog] = useState<"cancel" | "tag">();
  const runIds = [...selected];
  const count = `${shownCount(runIds.length)} ${runIds.length === 1 ? "run" : "runs"}`;
  const change = async (what: ChangeRuns, done: string) => {
    setDialog(undefined);
    try {
      const { runs, errors } = await workspace.tables.changeRuns(runIds, what);
      const [changed, refused] = [Object.keys(runs).length, Object.values(errors)];
      if (changed > 0) tell.done(`${done}: ${shownCount(changed)}.`);
      if (refused.length > 0)
        tell.failed(new Error(`${shownCount(refused.length)} refused. ${refused[0]?.error?.message ?? ""}`));
    } catch (error) {
      tell.failed(error);
    }
  };
  return (
    <section className={classes.bar} aria-label="Chosen runs">
      <strong>{count} chosen</strong>
      {runIds.length <= MOST_COMPARED && runIds.length > 1 && (
        <Link
          to="/compare"
          search={{ runs: runIds.join(",") }}
          className={buttonClass({ kind: "primary", size: "small" })}
        >
          <Columns2 aria-hidden /> Compare
        </Link>
      )}
      <Button size="small" onClick={() => setDialog("tag")}>
        <Tag aria-hidden /> Tag
      </Button>
      <Button size="small" kind="danger" onClick={() => setDialog("cancel")}>
        <Ban aria-hidden /> Cancel
      </Button>
      <Copy text={runIds.join("\n")} what="their ids">
        Ids
      </Copy>
      <Button size="small" kind="bare" aria-label="Choose none" onClick={clear}>
        <X aria-hidden />
      </Button>
      {dialog === "cancel" && (
        <Modal title={`Cancel ${count}?`} close={() => setDialog(undefined)}>
          <p>
            Those at work are asked to end, and ended after the grace; those that wait do not start. Runs that
            have ended stay as they are.
          </p>
          <div className={classes.actions}>
            <Button onClick={() => setDialog(undefined)}>Keep them</Button>
            <Button kind="danger" onClick={() => void change({ cancel: true }, "Asked to end")}>
              Cancel {count}
            </Button>
          </div>
        </Modal>
      )}
      {dialog === "tag" && (
        <TagDialog
          count={count}
          close={() => setDialog(undefined)}
          apply={(what) => void change(what, "Tags changed")}
        />
      )}
    </section>
  );
}

function TagDialog({
  count,
  close,
  apply,
}: {
  readonly count: string;
  readonly close: () => void;
  readonly apply: (change: ChangeRuns) => void;
}) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const set = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") apply({ setTags: { [name.trim()]: value } });
  };
  return (
    <Modal title={`Tag ${count}`} close={close}>
      <form className={classes.form} onSubmit={set}>
        <label>
          Name
          <input value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          Value
          <input value={value} onChange={(event) => setValue(event.target.value)} />
        </label>
        <div className={classes.actions}>
          <Button disabled={name.trim() === ""} onClick={() => apply({ removeTags: [name.trim()] })}>
            Remove the tag
          </Button>
          <Button kind="primary" type="submit" disabled={name.trim() === ""}>
            Set the tag
          </Button>
        </div>
      </form>
    </Modal>
  );
}
