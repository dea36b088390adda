// The tracking part of the Flow port with just enough behind it to test the edge.
import type { Experiment, LoggedModel, TrackedRun, TrackingFlow } from "@malachite/core";
import { NOON } from "./clock.ts";
import { SCOPE, testRun } from "./flow.ts";

/** A run with nothing logged to it; `change` replaces what a test is about. */
export const trackedRun = (id: string, change: Partial<TrackedRun> = {}): TrackedRun => ({
  run: testRun(id),
  status: "Running",
  log: { params: {}, datasets: [], modelInputs: [], modelOutputs: [] },
  metrics: [],
  ...change,
});

export function testTracking(): TrackingFlow {
  const experiment: Experiment = { scope: SCOPE, id: "exp-id", name: "exp", createdAt: NOON, tags: {} };
  const model: LoggedModel = {
    id: "m-1",
    experimentId: "exp-id",
    name: "model",
    state: "READY",
    createdAt: NOON,
    changedAt: NOON,
    deleted: false,
    params: {},
    tags: {},
    metrics: [],
  };
  return {
    experiment: async () => experiment,
    createExperiment: async (_scope, name) => ({ ...experiment, name }),
    archiveExperiment: async () => {},
    changeExperiment: async () => {},
    searchExperiments: async () => ({ values: [experiment] }),
    createRun: async () => trackedRun("made"),
    run: async (_scope, runId) => trackedRun(runId),
    updateRun: async (_scope, runId) => trackedRun(runId),
    hideRun: async () => {},
    searchRuns: async () => ({ values: [trackedRun("run1")] }),
    log: async () => {},
    removeTag: async () => {},
    logUses: async () => {},
    noteModel: async () => {},
    history: async () => ({ values: [{ value: 1, step: 0, at: NOON }] }),
    sampleHistories: async (_scope, runIds) => runIds.map((runId) => ({ runId, points: [] })),
    createModel: async () => model,
    model: async () => model,
    changeModel: async () => model,
    searchModels: async () => ({ values: [model] }),
    searchRegisteredModels: async () => ({ values: [] }),
    searchModelVersions: async () => ({ values: [] }),
    mayChangeFiles: async () => {},
  };
}
