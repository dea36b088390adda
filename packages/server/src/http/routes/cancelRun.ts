// Cancelling a run, by the execution service and by the history service, and letting go of one. An ended run is answered as it is.
import { execution, history, malachite } from "@malachite/contract";
import { runDto } from "../dto/run.ts";
import { addressOf, route } from "../route.ts";

export const cancelRun = route(execution.cancelRun, async (ask, { flow }) => {
  const { finalStatus } = ask.query;
  const { run } = await flow.cancelRun({
    ...addressOf(ask),
    by: ask.by,
    ...(finalStatus === undefined ? {} : { finalStatus }),
  });
  return { runId: run.id };
});

export const cancelOldRun = route(execution.cancelOldRun, async (ask, { flow }) => {
  const { runId } = await ask.body();
  const { run } = await flow.cancelRun({
    ...addressOf({ scope: ask.scope, params: { ...ask.params, runId } }),
    by: ask.by,
  });
  return { runId: run.id };
});

export const cancelRunByHistory = route(history.cancelRunByHistory, async (ask, { flow }) => {
  const text = ask.query.CancelationReason;
  const shown = await flow.cancelRun({
    ...addressOf(ask),
    by: ask.by,
    ...(text === undefined ? {} : { text }),
  });
  return runDto(shown, ask.base);
});

export const letGoRun = route(malachite.letGoRun, async (ask, { flow }) => {
  const text = ask.query.reason;
  const shown = await flow.letGoRun({
    ...addressOf(ask),
    by: ask.by,
    ...(text === undefined ? {} : { text }),
  });
  return runDto(shown, ask.base);
});
