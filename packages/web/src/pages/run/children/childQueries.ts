// What is fetched of the runs below a run.
import type { RunPoint, WorkspaceClient } from "@malachite/client";
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { keyOf } from "../../../service/queries.ts";

export type ChildCounts = {
  /** How many runs are right below it. */
  readonly count: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** How many runs are at each depth, from 1 on. */
  readonly levels: readonly number[];
  /** False: there are at least so many. */
  readonly isExact: boolean;
};
/** More lines than that cannot be told apart in a plot. */
export const MOST_POINTS = 10_000;
const PAGE = 1000;

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, one) => all + one, 0);

/** How many runs there are below a run. */
export const childCountsQuery = (workspace: WorkspaceClient, runId: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "ofRun", runId, "children", "counts"],
    queryFn: async ({ signal }): Promise<ChildCounts> => {
      const { below = [], more = false } = await workspace
        .run(runId)
        .getTree({ top: 1, abortSignal: signal });
      const byStatus = below.find(({ depth }) => depth === 1)?.runs ?? {};
      return { count: sum(byStatus), byStatus, levels: below.map(({ runs }) => sum(runs)), isExact: !more };
    },
  });

/** The children, each with what it was given and what came of it; page after page. */
export const pointsQuery = (workspace: WorkspaceClient, runId: string) =>
  infiniteQueryOptions({
    queryKey: [keyOf(workspace), "ofRun", runId, "children", "points"],
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) => {
      const pages = workspace
        .listRunPoints({ parentRunId: runId, abortSignal: signal })
        .byPage({ maxPageSize: PAGE, ...(pageParam === "" ? {} : { continuationToken: pageParam }) });
      const page = (await pages.next()).value;
      return { value: (page?.value ?? []) as readonly RunPoint[], next: page?.continuationToken };
    },
    getNextPageParam: ({ next }, pages) =>
      next !== undefined && pages.reduce((all, { value }) => all + value.length, 0) < MOST_POINTS
        ? next
        : undefined,
  });
