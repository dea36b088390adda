// What can be done with a run.
import type { Run } from "@malachite/client";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Ban, Code, Columns2, Ellipsis, Pencil, RotateCw, Unplug } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { Menu, MenuHead, MenuItem, MenuLine } from "../../../parts/Menu.tsx";
import { useTell } from "../../../parts/Toasts.tsx";
import { useIsOperator } from "../../../service/operator.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { hasEnded } from "../runQueries.ts";
import { CancelDialog } from "./CancelDialog.tsx";
import { LetGoDialog } from "./LetGoDialog.tsx";

const CopyAsDialog = lazy(async () => ({
  default: (await import("../copyAs/CopyAsDialog.tsx")).CopyAsDialog,
}));
const ResubmitDialog = lazy(async () => ({ default: (await import("./ResubmitDialog.tsx")).ResubmitDialog }));

type Open = "cancel" | "letGo" | "resubmit" | "cli" | "python" | "curl";
const FORMS = [
  { form: "cli", label: "Command line" },
  { form: "python", label: "Python, v1 SDK" },
  { form: "curl", label: "curl" },
] as const;

/** Runs that the service executed can be started again; of others it has neither the project nor the definition. */
const isHosted = (run: Run): boolean => run.runTypeV2?.orchestrator === "Execution";

/** The buttons, and the dialogs behind them. */
export function RunActions({
  run,
  runId,
  experimentName,
}: {
  readonly run: Run;
  readonly runId: string;
  readonly experimentName: string | undefined;
}) {
  const [open, setOpen] = useState<Open>();
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const tell = useTell();
  const close = () => setOpen(undefined);
  const rerun = useMutation({
    mutationFn: () => workspace.run(runId, { experimentName }).rerun(),
    onSuccess: (made) => {
      tell.done("Submitted once more: same project, same packages, same arguments.");
      void navigate({ to: "/runs/$runId", params: { runId: made.runId } });
    },
    onError: tell.failed,
  });
  const hosted = isHosted(run);
  // Whoever was asked to end and does not may be on a machine that is gone.
  const mayBeStuck = hosted && run.status === "CancelRequested";
  const isOperator = useIsOperator(mayBeStuck);
  return (
    <>
      {!hasEnded(run.status) && (
        <Button kind="danger" disabled={run.status === "CancelRequested"} onClick={() => setOpen("cancel")}>
          <Ban aria-hidden />
          Cancel
        </Button>
      )}
      {hosted && (
        <Button
          title="The same project, packages and arguments once more"
          disabled={rerun.isPending}
          onClick={() => rerun.mutate()}
        >
          <RotateCw aria-hidden />
          Resubmit
        </Button>
      )}
      <Menu
        trigger={
          <Button aria-label="More to do with this run" title="More to do with this run">
            <Ellipsis aria-hidden />
          </Button>
        }
      >
        {hosted && (
          <MenuItem onSelect={() => setOpen("resubmit")}>
            <Pencil aria-hidden />
            Resubmit with changes…
          </MenuItem>
        )}
        <MenuItem onSelect={() => void navigate({ to: "/compare", search: { runs: runId } })}>
          <Columns2 aria-hidden />
          Compare
        </MenuItem>
        {mayBeStuck && isOperator && (
          <MenuItem onSelect={() => setOpen("letGo")}>
            <Unplug aria-hidden />
            Let go of it…
          </MenuItem>
        )}
        {hosted && (
          <>
            <MenuLine />
            <MenuHead>Copy as</MenuHead>
            {FORMS.map(({ form, label }) => (
              <MenuItem key={form} onSelect={() => setOpen(form)}>
                <Code aria-hidden />
                {label}
              </MenuItem>
            ))}
          </>
        )}
      </Menu>
      {open === "cancel" && <CancelDialog run={run} runId={runId} hosted={hosted} close={close} />}
      {open === "letGo" && <LetGoDialog run={run} runId={runId} close={close} />}
      <Suspense>
        {open === "resubmit" && (
          <ResubmitDialog run={run} runId={runId} experimentName={experimentName} close={close} />
        )}
        {(open === "cli" || open === "python" || open === "curl") && (
          <CopyAsDialog
            runId={runId}
            experimentName={experimentName}
            form={open}
            show={setOpen}
            close={close}
          />
        )}
      </Suspense>
    </>
  );
}
