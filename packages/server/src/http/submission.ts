// What the two JSON starts have in common: the definition goes to the flow as it was sent.
import type { execution } from "@malachite/contract";
import { MalachiteError, type SubmitRun } from "@malachite/core";
import type { Ask } from "./route.ts";

/** Throws InvalidRequest for an empty body. */
export async function submission(
  ask: Pick<Ask<typeof execution.startSnapshotRun>, "params" | "query" | "scope" | "by" | "sent">,
): Promise<SubmitRun> {
  const sent = await ask.sent();
  if (!sent.given) {
    throw new MalachiteError(
      "InvalidRequest",
      "The request needs a run definition as its JSON body and has none.",
      {
        target: "definition",
      },
    );
  }
  const { runId } = ask.query;
  return {
    scope: ask.scope,
    experimentName: ask.params.experimentName,
    ...(runId === undefined ? {} : { runId }),
    definition: sent.value,
    by: ask.by,
  };
}
