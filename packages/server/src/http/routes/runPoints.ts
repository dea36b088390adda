// Many runs at once for comparing them, and the tree of runs below one.
import { malachite } from "@malachite/contract";
import { RUN_FIELDS, type ShownRun } from "@malachite/core";
import { dateText } from "../dto/dates.ts";
import { doubleOut } from "../dto/mlflow/words.ts";
import { given, lifeProperties } from "../dto/run.ts";
import { pageByBody } from "../paging.ts";
import { addressOf, route } from "../route.ts";

const POINTS_IN_A_PAGE = 500;

export const runPoints = route(malachite.runPoints, async (ask, { flow }) => {
  const { parentRunId, experimentName, metrics, namespace, ...asked } = await ask.body();
  const page = await flow.runPoints({
    ...pageByBody({ ...asked, top: asked.top ?? POINTS_IN_A_PAGE }, RUN_FIELDS),
    scope: ask.scope,
    ...given({ parentRunId, experimentName, metrics, namespace: namespace || undefined }),
  });
  return {
    value: page.values.map((point) => ({
      ...brief(point),
      params: { ...point.params },
      tags: texts(point.run.about.tags),
      properties: { ...point.run.about.properties, ...lifeProperties(point.run) },
      metrics: Object.fromEntries(point.metrics.map(({ name, value }) => [name, doubleOut(value)])),
    })),
    ...given({ continuationToken: page.next }),
  };
});

export const runTree = route(malachite.runTree, async (ask, { flow }) => {
  const { filter, top, continuationToken } = ask.query;
  const page = await flow.runTree(
    addressOf(ask),
    pageByBody(given({ filter, top, continuationToken }), RUN_FIELDS),
  );
  return {
    ...given({
      below: page.below?.map((runs, i) => ({ depth: i + 1, runs: counted(runs) })),
      more: page.more || undefined,
    }),
    value: page.values.map((node) => ({ ...brief(node), children: counted(node.children) })),
    ...given({ continuationToken: page.next }),
  };
});

const brief = ({ run, status }: ShownRun) => ({
  runId: run.id,
  ...given({ parentRunId: run.parentRunId, displayName: run.about.displayName }),
  experimentName: run.experimentName,
  runNumber: run.number,
  status,
  createdUtc: dateText(run.createdAt),
  ...given({
    startTimeUtc: run.life.startedAt === undefined ? undefined : dateText(run.life.startedAt),
    endTimeUtc: run.life.endedAt === undefined ? undefined : dateText(run.life.endedAt),
  }),
});

/** A tag without a value has an empty one here. */
const texts = (tags: Readonly<Record<string, string | null>>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, value ?? ""]));

const counted = (counts: Readonly<Record<string, number | undefined>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).map(([status, count]) => [status, count ?? 0]));
