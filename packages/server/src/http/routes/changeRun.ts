// Making runs and changing what users may change of them: one by one, many in a batch, and their tags alone.

import type { ErrorResponse } from "@malachite/contract";
import { history } from "@malachite/contract";
import { runDto } from "../dto/run.ts";
import { inWaves } from "../inWaves.ts";
import { tellRefusal } from "../plugins/errors.ts";
import { addressOf, experimentOf, route } from "../route.ts";

export const patchRun = route(history.patchRun, async (ask, { flow, sdkStatus }) => {
  const shown = await flow.patchRun(addressOf(ask), await ask.body(), ask.by);
  return runDto(sdkStatus.ofChange(shown, ask.request), ask.base);
});

export const addRun = route(history.addRun, async (ask, { flow }) =>
  runDto(await flow.addRun(addressOf(ask), await ask.body(), ask.by), ask.base),
);

export const deleteRunTags = route(history.deleteRunTags, async (ask, { flow, sdkStatus }) => {
  const shown = await flow.deleteTags(addressOf(ask), await ask.body(), ask.by);
  return runDto(sdkStatus.ofChange(shown, ask.request), ask.base);
});

export const modifyRunTags = route(history.modifyRunTags, async (ask, { flow, sdkStatus }) => {
  const { tagsToModify = {}, tagsToDelete = [] } = await ask.body();
  const change = { set: tagsToModify, remove: tagsToDelete };
  const shown = await flow.modifyTags(addressOf(ask), change, ask.by);
  return runDto(sdkStatus.ofChange(shown, ask.request), ask.base);
});

/** Each run by itself: one that is refused is told in `errors` and stops no other. */
export const batchPatchRuns = route(history.batchPatchRuns, async (ask, { flow, clock }) => {
  const { runs = [] } = await ask.body();
  const done = new Map<string, history.Run>();
  const errors = new Map<string, ErrorResponse>();
  await inWaves(runs, namesOf, async (change, index) => {
    const runId = change.runId ?? "";
    try {
      const address = { ...experimentOf(ask), runId };
      done.set(runId, runDto(await flow.patchRun(address, change, ask.by), ask.base));
    } catch (error) {
      errors.set(runId || `[${index}]`, tellRefusal(error, ask.request.correlation, clock.now()));
    }
  });
  return { runs: Object.fromEntries(done), errors: Object.fromEntries(errors) };
});

const namesOf = ({ runId, parentRunId }: history.CreateRun): readonly string[] =>
  [runId, parentRunId].filter((id) => id !== undefined);
