// What is fetched of the children of a run.
import type { WorkspaceClient } from "@malachite/client";
import { queryOptions } from "@tanstack/react-query";
import { keyOf } from "../../../service/queries.ts";

export type ChildCounts = {
  readonly count: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** False: there are at least so many. */
  readonly isExact: boolean;
};
const MOST_COUNTED = 2000;

/** How many children a run has in each status. */
export const childCountsQuery = (workspace: WorkspaceClient, runId: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "ofRun", runId, "children", "counts"],
    queryFn: async ({ signal }): Promise<ChildCounts> => {
      const byStatus: Record<string, number> = {};
      let count = 0;
      const pages = workspace.run(runId).listChildren({ abortSignal: signal }).byPage({ maxPageSize: 500 });
      for await (const { value, continuationToken } of pages) {
        for (const { status = "Unknown" } of value) byStatus[status] = (byStatus[status] ?? 0) + 1;
        count += value.length;
        if (count >= MOST_COUNTED && continuationToken) return { count, byStatus, isExact: false };
      }
      return { count, byStatus, isExact: true };
    },
  });
