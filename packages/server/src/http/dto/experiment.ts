// An experiment as the history service shows it.
import type { history } from "@malachite/contract";
import type { Experiment } from "@malachite/core";
import { dateText } from "./dates.ts";

export const experimentDto = (experiment: Experiment): history.Experiment => ({
  experimentId: experiment.id,
  name: experiment.name,
  createdUtc: dateText(experiment.createdAt),
  tags: { ...experiment.tags },
  ...(experiment.description === undefined ? {} : { description: experiment.description }),
  ...(experiment.archivedAt === undefined ? {} : { archivedTime: dateText(experiment.archivedAt) }),
  ...(experiment.latestRun === undefined
    ? {}
    : {
        latestCreatedRunId: experiment.latestRun.id,
        latestCreatedRunCreatedUtc: dateText(experiment.latestRun.createdAt),
      }),
});
