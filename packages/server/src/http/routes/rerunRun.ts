// A run once more, with the project and the packages of then.
import { malachite } from "@malachite/contract";
import { addressOf, route } from "../route.ts";

export const rerunRun = route(malachite.rerun, async (ask, { flow }) => {
  const { newRunId } = ask.query;
  const run = await flow.rerunRun({
    ...addressOf(ask),
    ...(newRunId === undefined ? {} : { newRunId }),
    by: ask.by,
  });
  return { runId: run.id };
});
