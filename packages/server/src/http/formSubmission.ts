// What the multipart starts have in common: the project lies in a file of the service while the flow has it, and no longer.
import { rm } from "node:fs/promises";
import type { execution } from "@malachite/contract";
import type { SubmitRun } from "@malachite/core";
import type { Edge } from "./edge.ts";
import { readStartForm, type StartWords } from "./plugins/startForm.ts";
import type { Ask } from "./route.ts";

/** Throws BadMultipart, BadJson, TooLarge, and what `use` throws. */
export async function withForm<T>(
  { params, query, scope, by, request }: Ask<typeof execution.startRun>,
  { settings, spool }: Edge,
  words: StartWords,
  use: (submission: SubmitRun) => Promise<T>,
): Promise<T> {
  const { definition, project } = await readStartForm(request, {
    words,
    spool,
    folder: settings.uploadsFolder,
    definitionLimitBytes: settings.definitionLimitBytes,
  });
  try {
    const { runId } = query;
    const { experimentName } = params;
    return await use({
      scope,
      experimentName,
      ...(runId === undefined ? {} : { runId }),
      definition,
      project,
      by,
    });
  } finally {
    await rm(project.file, { force: true });
  }
}
