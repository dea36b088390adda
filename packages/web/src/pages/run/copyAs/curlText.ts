// A run as one request of curl: the same definition and the same snapshot. Pure.
import { type Copied, workspacePathOf } from "./copied.ts";
import { hereDocument, quoted } from "./shell.ts";

/** Prints the id of the new run. */
export function curlText(run: Copied): string {
  const { endpoint, workspace, experimentName, snapshotId, parentRunId, configuration } = run;
  const definition = { configuration, snapshotId, parentRunId };
  const { mark, body } = hereDocument(JSON.stringify(definition, null, 2));
  const url = `${endpoint}/execution/v1.0${workspacePathOf(workspace)}/experiments/${encodeURIComponent(experimentName)}/snapshotrun`;
  return `curl -fsS -X POST -H "Authorization: Bearer \${MALACHITE_TOKEN:-dev}" \\
  -H 'Content-Type: application/json' --data-binary @- \\
  ${quoted(url)} ${mark}
${body}
`;
}
