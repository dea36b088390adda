// Events that code around a run posts: one of a run, or many of several runs.
import { type ErrorResponse, history } from "@malachite/contract";
import { isMalachiteError, MalachiteError } from "@malachite/core";
import { httpError } from "../plugins/errors.ts";
import { addressOf, route } from "../route.ts";

export const postRunEvent = route(history.postRunEvent, async (ask, { flow }) => {
  await flow.postEvent(addressOf(ask), await ask.body(), ask.by);
  return undefined;
});

/** Each event carries the id of its run. One that is refused is told in `errors` and stops no other. */
export const batchEvents = route(history.batchEvents, async (ask, { flow, clock }) => {
  const { events = [] } = await ask.body();
  const errors: { key: history.BaseEvent; value: ErrorResponse }[] = [];
  for (const event of events) {
    try {
      const runId = runIdOf(event);
      const address = { scope: ask.scope, runId, experimentName: ask.params.experimentName };
      await flow.postEvent(address, event, ask.by);
    } catch (error) {
      if (!isMalachiteError(error) || error.kind === "fault" || error.kind === "unavailable") throw error;
      errors.push({ key: event, value: httpError(error, ask.request.correlation, clock.now()).body });
    }
  }
  return { errors };
});

function runIdOf({ data }: history.BaseEvent): string {
  const entry = Object.entries(data ?? {}).find(([name]) => name.toLowerCase() === "runid");
  if (typeof entry?.[1] === "string") return entry[1];
  throw new MalachiteError(
    "InvalidRequest",
    "An event of a batch must carry the id of its run as data.RunId.",
    {
      target: "data.RunId",
    },
  );
}
