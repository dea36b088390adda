// Fetches what is compared of runs. A run that cannot be read leaves its column empty and says why.
import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useNews } from "../../service/live.tsx";
import { keyOf, runQuery } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import { definitionQuery } from "../run/runQueries.ts";
import type { Compared } from "./fields.ts";

export type ComparedRun = Compared & {
  readonly runId: string;
  readonly name: string;
  readonly error?: unknown;
};

export function useComparedRuns(runIds: readonly string[]): {
  readonly runs: readonly ComparedRun[];
  readonly isWaiting: boolean;
} {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const records = useQueries({ queries: runIds.map((runId) => runQuery(workspace, runId)) });
  const definitions = useQueries({
    queries: runIds.map((runId) => ({ ...definitionQuery(workspace, runId), retry: false })),
  });
  const key = [keyOf(workspace), "compared", runIds.join()];
  const values = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => workspace.tables.latestMetrics(runIds, { abortSignal: signal }),
    enabled: runIds.length > 0,
    placeholderData: keepPreviousData,
  });
  useNews((news) => {
    if (news.kind === "metrics" && runIds.includes(news.runId))
      void queries.invalidateQueries({ queryKey: key }, { cancelRefetch: false });
  });
  const stamp = [...records, ...definitions]
    .map(({ dataUpdatedAt, errorUpdatedAt }) => dataUpdatedAt + errorUpdatedAt)
    .join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp stands for what was fetched
  const runs = useMemo(
    () =>
      runIds.map((runId, i): ComparedRun => {
        const run = records[i]?.data;
        return {
          ...{ runId, run, name: run?.displayName || runId },
          definition: definitions[i]?.data,
          values: values.data?.get(runId),
          error: records[i]?.error ?? undefined,
        };
      }),
    [stamp, values.data, runIds],
  );
  return {
    runs,
    isWaiting:
      [...records, ...definitions].some(({ isPending }) => isPending) ||
      (runIds.length > 0 && values.isPending),
  };
}
