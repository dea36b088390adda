// The tracking port over a way to call operations. NaN and the infinities travel as words between threads.
import type { LoggedModel, TrackingStore } from "@malachite/core";
import type { Call } from "../operations.ts";
import type { SentMetric } from "./loggedModels.ts";

export function createTrackingStore(call: Call): TrackingStore {
  return {
    createExperiment: (scope, name, tags, at) => call("createTrackedExperiment", scope, name, tags, at),
    searchExperiments: (scope, ask) => call("searchTrackedExperiments", scope, ask),
    log: async (scope, runId, log) => {
      await call("logToRun", scope, runId, log);
    },
    logs: async (scope, runIds) => new Map(await call("logsOfRuns", scope, runIds)),
    searchRuns: (scope, ask) => call("searchTrackedRuns", scope, ask),
    createModel: async (scope, model) => received(await call("createLoggedModel", scope, model)),
    model: async (scope, id) => {
      const found = await call("loggedModel", scope, id);
      return found && received(found);
    },
    changeModel: async (scope, id, change, at) =>
      received(await call("changeLoggedModel", scope, id, change, at)),
    measureModels: async (scope, metrics) => {
      const sent = metrics.map(({ value, ...rest }): SentMetric => ({ ...rest, value: asWord(value) }));
      await call("measureLoggedModels", scope, sent);
    },
    searchModels: async (scope, ask) => {
      const page = await call("searchLoggedModels", scope, ask);
      return { ...page, values: page.values.map(received) };
    },
  };
}

const asWord = (value: number): SentMetric["value"] =>
  Number.isFinite(value) ? value : (String(value) as SentMetric["value"]);

const received = (model: LoggedModel): LoggedModel => ({
  ...model,
  metrics: model.metrics.map((metric) => ({ ...metric, value: Number(metric.value) })),
});
