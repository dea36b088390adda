// startrun: a definition and a project in one form.
import { rm } from "node:fs/promises";
import { execution } from "@malachite/contract";
import { readStartForm } from "../plugins/startForm.ts";
import { route } from "../route.ts";

export const startRun = route(execution.startRun, async ({ params, query, scope, by, request }, edge) => {
  const { definition, project } = await readStartForm(request, {
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
});
