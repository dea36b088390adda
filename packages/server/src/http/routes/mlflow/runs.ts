// Runs, as MLflow's clients ask.
import { mlflow } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { runInfoDto, trackedRunDto } from "../../dto/mlflow/run.ts";
import { urisFor } from "../../dto/mlflow/uris.ts";
import { howMany, textsOf, tokenOf, viewOf } from "../../dto/mlflow/words.ts";
import { given } from "../../dto/run.ts";
import { jsonOf, sendPages } from "../../pageStream.ts";
import { route } from "../../route.ts";

/** The store's own bound; longer answers are put together of portions. */
const PORTION = 1_000;
const USUAL = 1_000;
const MOST = 50_000;

/** The run that a request names. Throws InvalidRequest for one that names none. */
export function runIdOf(sent: {
  readonly run_id?: string | undefined;
  readonly run_uuid?: string | undefined;
}): string {
  const id = sent.run_id || sent.run_uuid;
  if (id) return id;
  throw new MalachiteError("InvalidRequest", "Missing value for required parameter 'run_id'.", {
    target: "run_id",
  });
}

export const createRun = route(mlflow.createRun, async (ask, { flow }) => {
  const sent = await ask.body();
  const tags = textsOf(sent.tags, "tags");
  const run = await flow.tracking.createRun(
    ask.scope,
    {
      experimentId: sent.experiment_id || "0",
      ...given({ name: sent.run_name || undefined, startedAt: sent.start_time || undefined }),
      // The name that the client's machine has for its user; a tag of that name wins.
      tags: sent.user_id ? { "mlflow.user": sent.user_id, ...tags } : tags,
    },
    ask.by,
  );
  return { run: trackedRunDto(run, urisFor(ask)) };
});

export const getRun = route(mlflow.getRun, async (ask, { flow }) => ({
  run: trackedRunDto(await flow.tracking.run(ask.scope, runIdOf(ask.query)), urisFor(ask)),
}));

export const updateRun = route(mlflow.updateRun, async (ask, { flow }) => {
  const sent = await ask.body();
  const change = given({
    state: sent.status,
    endedAt: sent.end_time || undefined,
    name: sent.run_name || undefined,
  });
  const run = await flow.tracking.updateRun(ask.scope, runIdOf(sent), change, ask.by);
  return { run_info: runInfoDto(run, urisFor(ask)) };
});

export const deleteRun = route(mlflow.deleteRun, async (ask, { flow }) => {
  await flow.tracking.hideRun(ask.scope, runIdOf(await ask.body()), true, ask.by);
  return {};
});

export const restoreRun = route(mlflow.restoreRun, async (ask, { flow }) => {
  await flow.tracking.hideRun(ask.scope, runIdOf(await ask.body()), false, ask.by);
  return {};
});

export const searchRuns = route(mlflow.searchRuns, async (ask, { flow }) => {
  const sent = await ask.body();
  const most = howMany(sent.max_results, USUAL, MOST);
  const uris = urisFor(ask);
  const portion = (after: { readonly after?: string }, limit: number) =>
    flow.tracking.searchRuns(ask.scope, {
      ...given({ filter: sent.filter, orderBy: sent.order_by }),
      ...after,
      limit: Math.min(PORTION, limit),
      view: viewOf(sent.run_view_type),
      experimentIds: sent.experiment_ids ?? [],
    });
  return sendPages(ask.reply, {
    name: "runs",
    most,
    first: await portion(tokenOf(sent.page_token), most),
    more: (after, limit) => portion({ after }, limit),
    text: (runs) => jsonOf(runs, (run) => trackedRunDto(run, uris)),
  });
});
