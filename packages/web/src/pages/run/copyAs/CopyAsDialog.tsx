// A run as a text to take along, for the command line, Python or curl.
import { useQuery } from "@tanstack/react-query";
import { Button, ButtonGroup } from "../../../parts/Button.tsx";
import { CodeBlock } from "../../../parts/Copy.tsx";
import { Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { Modal } from "../../../parts/Modal.tsx";
import { useWorkspace } from "../../../service/service.tsx";
import { definitionQuery } from "../runQueries.ts";
import { cliText } from "./cliText.ts";
import { configurationOf } from "./copied.ts";
import { curlText } from "./curlText.ts";
import { pythonText } from "./pythonText.ts";

export const FORMS = {
  cli: { label: "Command line", text: cliText },
  python: { label: "Python, v1 SDK", text: pythonText },
  curl: { label: "curl", text: curlText },
} as const;
export type Form = keyof typeof FORMS;

/** `form` is the one that is shown. */
export function CopyAsDialog({
  runId,
  experimentName,
  form,
  show,
  close,
}: {
  readonly runId: string;
  readonly experimentName: string | undefined;
  readonly form: Form;
  readonly show: (form: Form) => void;
  readonly close: () => void;
}) {
  const workspace = useWorkspace();
  const definition = useQuery(definitionQuery(workspace, runId));
  const parent = definition.data?.resolved?.parentRunId;
  return (
    <Modal title="Copy this run" close={close} wide>
      <ButtonGroup label="Form">
        {(Object.keys(FORMS) as Form[]).map((one) => (
          <Button key={one} size="small" aria-pressed={one === form} onClick={() => show(one)}>
            {FORMS[one].label}
          </Button>
        ))}
      </ButtonGroup>
      {definition.error ? (
        <FaultNote error={definition.error} />
      ) : definition.data === undefined || experimentName === undefined ? (
        <Waiting />
      ) : (
        <CodeBlock
          what={FORMS[form].label}
          code={FORMS[form].text({
            endpoint: location.origin,
            workspace: workspace.address,
            experimentName,
            runId,
            snapshotId: definition.data.snapshotId,
            parentRunId: typeof parent === "string" ? parent : undefined,
            configuration: configurationOf(definition.data),
          })}
        />
      )}
    </Modal>
  );
}
