// Events that code around a run posts: one of a run, or many of several runs.
import { type ErrorResponse, history } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { inWaves } from "../inWaves.ts";
import { tellRefusal } from "../plugins/errors.ts";
import { addressOf, experimentOf, route } from "../route.ts";

export const postRunEvent = route(history.postRunEvent, async (ask, { flow }) => {
  await flow.postEvent(addressOf(ask), await ask.body(), ask.by);
  return undefined;
});

/** Each event carries the id of its run. One that is refused is told in `errors` and stops no other; those of one run keep their order. */
export const batchEvents = route(history.batchEvents, async (ask, { flow, clock }) => {
  const { events = [] } = await ask.body();
  const told = await inWaves(
    events,
    (event) => [runIdOf(event) ?? ""],
    async (event): Promise<{ key: history.BaseEvent; value: ErrorResponse } | undefined> => {
      try {
        const runId = runIdOf(event) ?? refuseNameless();
        await flow.postEvent({ ...experimentOf(ask), runId }, event, ask.by);
        return undefined;
      } catch (error) {
        return { key: event, value: tellRefusal(error, ask.request.correlation, clock.now()) };
      }
    },
  );
  const taken = events.filter((_, index) => told[index] === undefined).map(runIdOf);
  return {
    errors: told.filter((one) => one !== undefined),
    successes: [...new Set(taken)].filter((id) => id !== undefined),
  };
});

function runIdOf({ data }: history.BaseEvent): string | undefined {
  const entry = Object.entries(data ?? {}).find(([name]) => name.toLowerCase() === "runid");
  return typeof entry?.[1] === "string" ? entry[1] : undefined;
}

function refuseNameless(): never {
  throw new MalachiteError(
    "InvalidRequest",
    "An event of a batch must carry the id of its run as data.RunId.",
    {
      target: "data.RunId",
    },
  );
}
