// Asks before a run is let go of whose machine does not come back, and says what that means.
import type { Run } from "@malachite/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { Modal } from "../../../parts/Modal.tsx";
import { useTell } from "../../../parts/Toasts.tsx";
import { runQuery } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import classes from "./Dialogs.module.css";
import { ReasonField } from "./ReasonField.tsx";

/** For a run that was asked to end, in the hands of an operator. */
export function LetGoDialog({
  run,
  runId,
  close,
}: {
  readonly run: Run;
  readonly runId: string;
  readonly close: () => void;
}) {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const tell = useTell();
  const [reason, setReason] = useState("");
  const letGo = useMutation({
    mutationFn: () => workspace.run(runId).letGo({ reason: reason.trim() || undefined }),
    onSuccess: () => {
      close();
      tell.done("Let go of.");
      void queries.invalidateQueries({ queryKey: runQuery(workspace, runId).queryKey });
    },
    onError: tell.failed,
  });
  return (
    <Modal title="Let go of this run?" close={close}>
      <p>
        <strong className={classes.name}>{run.displayName ?? runId}</strong>
      </p>
      <p>
        For a run whose machine is gone for good. It ends as Canceled at once, and its place is free; its
        machine is not asked, so what still runs there runs on until it comes back. Logs and files that are
        not here yet are lost. It cannot be taken back.
      </p>
      <ReasonField reason={reason} change={setReason} />
      <div className={classes.buttons}>
        <Button onClick={close}>Wait for its machine</Button>
        <Button kind="danger" disabled={letGo.isPending} onClick={() => letGo.mutate()}>
          Let go of the run
        </Button>
      </div>
    </Modal>
  );
}
