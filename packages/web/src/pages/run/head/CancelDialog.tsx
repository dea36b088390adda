// Asks before a run is ended, and says what that does.
import type { Run } from "@malachite/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { Modal } from "../../../parts/Modal.tsx";
import { useTell } from "../../../parts/Toasts.tsx";
import { runQuery } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { childCountsQuery } from "../children/childQueries.ts";
import classes from "./Dialogs.module.css";
import { ReasonField } from "./ReasonField.tsx";

/** What a cancel does to a run as it stands. */
export function cancelText(status: string | undefined, hosted: boolean): string {
  if (status === "NotStarted" || status === "Starting")
    return "It has not begun: it leaves the queue and ends as Canceled at once.";
  if (!hosted)
    return "It is executed elsewhere: whoever executes it is asked to end it, and it ends as Canceled when that was done.";
  if (status === "Preparing")
    return "Its environment is being made: that is stopped, and the run ends as Canceled.";
  return "Its processes are asked to end (SIGTERM) and, if they do not within the target's grace time, are ended (SIGKILL). Logs, metrics and outputs so far are kept. It ends as Canceled.";
}

/** `hosted`: the service executes the run itself. */
export function CancelDialog({
  run,
  runId,
  hosted,
  close,
}: {
  readonly run: Run;
  readonly runId: string;
  readonly hosted: boolean;
  readonly close: () => void;
}) {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const tell = useTell();
  const [reason, setReason] = useState("");
  const children = useQuery(childCountsQuery(workspace, runId));
  const cancel = useMutation({
    mutationFn: () => workspace.run(runId).cancel({ reason: reason.trim() || undefined }),
    onSuccess: () => {
      close();
      tell.done("Asked for its end.");
      void queries.invalidateQueries({ queryKey: runQuery(workspace, runId).queryKey });
    },
    onError: tell.failed,
  });
  return (
    <Modal title="Cancel this run?" close={close}>
      <p>
        <strong className={classes.name}>{run.displayName ?? runId}</strong>
      </p>
      <p>{cancelText(run.status, hosted)}</p>
      {(children.data?.count ?? 0) > 0 && <p>Its children are runs of their own and go on.</p>}
      <ReasonField reason={reason} change={setReason} />
      <div className={classes.buttons}>
        <Button onClick={close}>Let it go on</Button>
        <Button kind="danger" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel the run
        </Button>
      </div>
    </Modal>
  );
}
