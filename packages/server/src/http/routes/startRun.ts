// startrun, and run as the first releases of the SDK call it: a definition and a project in one form.
import { execution } from "@malachite/contract";
import type { Edge } from "../edge.ts";
import { withForm } from "../formSubmission.ts";
import { OLD_RUN, START_RUN, type StartWords } from "../plugins/startForm.ts";
import { type Ask, route } from "../route.ts";

export const startRun = route(execution.startRun, (ask, edge) => start(ask, edge, START_RUN));
export const startOldRun = route(execution.startOldRun, (ask, edge) => start(ask, edge, OLD_RUN));

const start = (
  ask: Ask<typeof execution.startRun>,
  edge: Edge,
  words: StartWords,
): Promise<{ readonly runId: string }> =>
  withForm(ask, edge, words, async (submission) => ({ runId: (await edge.flow.submitRun(submission)).id }));
