// What pages fetch, under the keys by which live news find it: [workspace, "run", id], [workspace, "ofRun", id, part, …],
// [workspace, "runs", …], [workspace, "experiments", …], [workspace, "targets", …].
import type { WorkspaceClient } from "@malachite/client";
import { queryOptions } from "@tanstack/react-query";
import { printWorkspace } from "./service.tsx";

/** The workspace in a key. */
export const keyOf = (workspace: WorkspaceClient): string => printWorkspace(workspace.address);

/** A run's record. The live stream keeps it up to date. */
export const runQuery = (workspace: WorkspaceClient, runId: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "run", runId],
    queryFn: ({ signal }) => workspace.run(runId).get({ abortSignal: signal }),
  });

/** Parts of a run that change whenever its record does. */
export const storyQuery = (workspace: WorkspaceClient, runId: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "ofRun", runId, "record", "story"],
    queryFn: ({ signal }) => workspace.run(runId).getStory({ abortSignal: signal }),
  });
export const whyQuery = (workspace: WorkspaceClient, runId: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "ofRun", runId, "record", "why"],
    queryFn: ({ signal }) => workspace.run(runId).getWhy({ abortSignal: signal }),
  });
export const detailsQuery = (workspace: WorkspaceClient, runId: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "ofRun", runId, "record", "details"],
    queryFn: ({ signal }) => workspace.run(runId).getDetails({ abortSignal: signal }),
  });
export const targetsQuery = (workspace: WorkspaceClient) =>
  queryOptions({
    queryKey: [keyOf(workspace), "targets"],
    queryFn: ({ signal }) => workspace.listTargets({ abortSignal: signal }),
  });
export const targetQuery = (workspace: WorkspaceClient, name: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "targets", name],
    queryFn: ({ signal }) => workspace.getTarget(name, { abortSignal: signal }),
  });
