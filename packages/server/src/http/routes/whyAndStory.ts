// Why a run waits or ended, and everything that happened to it.
import { malachite } from "@malachite/contract";
import { dateText } from "../dto/dates.ts";
import { addressOf, route } from "../route.ts";

export const why = route(malachite.why, (ask, { flow }) => flow.why(addressOf(ask)));

export const story = route(malachite.story, async (ask, { flow }) => {
  const entries = await flow.story(addressOf(ask));
  return {
    value: entries.map(({ at, event, status, actor, cause, detail }) => ({
      at: dateText(at),
      event,
      status,
      actor,
      ...(cause === undefined ? {} : { cause }),
      ...(detail === undefined ? {} : { detail: { ...detail } }),
    })),
  };
});
