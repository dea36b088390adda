// Changing what users may change of a run: by PATCH, one or many, and by removing tags.

import type { ErrorResponse } from "@malachite/contract";
import { history } from "@malachite/contract";
import { isMalachiteError } from "@malachite/core";
import { runDto } from "../dto/run.ts";
import { httpError } from "../plugins/errors.ts";
import { addressOf, route } from "../route.ts";

export const patchRun = route(history.patchRun, async (ask, { flow }) =>
  runDto(await flow.patchRun(addressOf(ask), await ask.body(), ask.by), ask.base),
);

export const deleteRunTags = route(history.deleteRunTags, async (ask, { flow }) =>
  runDto(await flow.deleteTags(addressOf(ask), await ask.body(), ask.by), ask.base),
);

/** Each run by itself: one that is refused is told in `errors` and stops no other. */
export const batchPatchRuns = route(history.batchPatchRuns, async (ask, { flow, clock }) => {
  const { runs = [] } = await ask.body();
  const done = new Map<string, history.Run>();
  const errors = new Map<string, ErrorResponse>();
  for (const [index, change] of runs.entries()) {
    const runId = change.runId ?? "";
    try {
      const address = { scope: ask.scope, runId, experimentName: ask.params.experimentName };
      done.set(runId, runDto(await flow.patchRun(address, change, ask.by), ask.base));
    } catch (error) {
      if (!isMalachiteError(error) || error.kind === "fault" || error.kind === "unavailable") throw error;
      errors.set(runId || `[${index}]`, httpError(error, ask.request.correlation, clock.now()).body);
    }
  }
  return { runs: Object.fromEntries(done), errors: Object.fromEntries(errors) };
});
