// Lines of targets, under the keys by which live news find them: [workspace, "targets", target, …].
import type { WorkspaceClient } from "@malachite/client";
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { keyOf } from "../../service/queries.ts";

/** A first page comes at once; who scrolls on gets many at a time. */
const FIRST = 100;
const MORE = 1000;
/** Load and memory change without news. */
const MACHINE_MS = 10_000;

/** Who holds what of a target, and the first few of its line. */
export const lineHeadQuery = (workspace: WorkspaceClient, target: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "targets", target, "head"],
    queryFn: ({ signal }) => workspace.getQueue(target, { top: 3, abortSignal: signal }),
  });

/** The same with all of its line, page by page. */
export const lineQuery = (workspace: WorkspaceClient, target: string) =>
  infiniteQueryOptions({
    queryKey: [keyOf(workspace), "targets", target, "line"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      workspace.getQueue(target, {
        top: pageParam === undefined ? FIRST : MORE,
        continuationToken: pageParam,
        abortSignal: signal,
      }),
    getNextPageParam: ({ continuationToken }) => continuationToken,
  });

/** Quotas of the workspace and its first users. */
export const quotasQuery = (workspace: WorkspaceClient) =>
  queryOptions({
    queryKey: [keyOf(workspace), "quotas"],
    queryFn: ({ signal }) => workspace.getQuotas({ limit: 20, abortSignal: signal }),
    refetchInterval: MACHINE_MS,
    staleTime: 0,
  });

/** What the machine of a target does; null for one that runs elsewhere. */
export const machineQuery = (workspace: WorkspaceClient, target: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "machine", target],
    queryFn: async ({ signal }) =>
      (await workspace.getQueue(target, { top: 1, abortSignal: signal })).machine ?? null,
    refetchInterval: MACHINE_MS,
    staleTime: 0,
  });
