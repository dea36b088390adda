// startrun, and run as the first releases of the SDK call it: a definition and a project in one form.
import { rm } from "node:fs/promises";
import { execution } from "@malachite/contract";
import type { Edge } from "../edge.ts";
import { OLD_RUN, readStartForm, START_RUN, type StartWords } from "../plugins/startForm.ts";
import { type Ask, route } from "../route.ts";

export const startRun = route(execution.startRun, (ask, edge) => start(ask, edge, START_RUN));
export const startOldRun = route(execution.startOldRun, (ask, edge) => start(ask, edge, OLD_RUN));

async function start(
  { params, query, scope, by, request }: Ask<typeof execution.startRun>,
  edge: Edge,
  words: StartWords,
): Promise<{ readonly runId: string }> {
  const { definition, project } = await readStartForm(request, {
    words,
    spool: edge.spool,
    folder: edge.settings.uploadsFolder,
    definitionLimitBytes: edge.settings.definitionLimitBytes,
  });
  try {
    const { runId } = query;
    const run = await edge.flow.submitRun({
      scope,
      experimentName: params.experimentName,
      ...(runId === undefined ? {} : { runId }),
      definition,
      project,
      by,
    });
    return { runId: run.id };
  } finally {
    await rm(project.file, { force: true });
  }
}
