// What the page of a run fetches beside what service/queries.ts knows, and how it changes a run.
import type { CreateRun, Run, WorkspaceClient } from "@malachite/client";
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useTell } from "../../parts/Toasts.tsx";
import { keyOf, runQuery } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";

/** The name of an experiment, which a run's record does not hold. It never changes. */
export const experimentNameQuery = (workspace: WorkspaceClient, experimentId: string | undefined) =>
  queryOptions({
    queryKey: [keyOf(workspace), "experiments", "name", experimentId],
    queryFn: async ({ signal }) => {
      const filter = `experimentId eq '${(experimentId ?? "").replaceAll("'", "''")}'`;
      const found = workspace.listExperiments({ filter, viewType: "All", abortSignal: signal });
      for await (const { name } of found) return name ?? null;
      return null;
    },
    enabled: experimentId !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** A status that never changes again. */
export const hasEnded = (status: string | undefined): boolean =>
  status === "Completed" || status === "Failed" || status === "Canceled";

/** Changes the record of a run and shows it at once; what cannot be changed is told at the edge of the page. */
export function useChangeRun(runId: string) {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const tell = useTell();
  const { queryKey } = runQuery(workspace, runId);
  return useMutation({
    mutationFn: async ({ deleteTags = [], ...change }: CreateRun & { readonly deleteTags?: string[] }) => {
      const run = workspace.run(runId);
      let after: Run | undefined;
      if (deleteTags.length > 0) after = await run.deleteTags(deleteTags);
      if (Object.keys(change).length > 0) after = await run.update(change);
      return after;
    },
    onSuccess: (run) => run && queries.setQueryData(queryKey, run),
    onError: (error) => {
      tell.failed(error);
      void queries.invalidateQueries({ queryKey });
    },
  });
}

/** What the run was asked to do. It never changes, but for its environment and its command, which come when it is prepared. */
export const definitionQuery = (workspace: WorkspaceClient, runId: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "ofRun", runId, "record", "definition"],
    queryFn: ({ signal }) => workspace.run(runId).getDefinition({ abortSignal: signal }),
  });
