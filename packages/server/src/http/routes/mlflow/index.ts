// Every route of MLflow's REST API.
import type { Route } from "../../route.ts";
import * as artifacts from "./artifacts.ts";
import * as experiments from "./experiments.ts";
import * as log from "./log.ts";
import * as loggedModels from "./loggedModels.ts";
import * as metrics from "./metrics.ts";
import * as models from "./models.ts";
import * as runs from "./runs.ts";
import { refusals, serverInfo, trackingHealth } from "./service.ts";

const { filesBelow: _, ...artifactRoutes } = artifacts;
const { runIdOf: __, ...runRoutes } = runs;

export const mlflowRoutes: readonly Route[] = [
  ...Object.values(experiments),
  ...Object.values(runRoutes),
  ...Object.values(log),
  ...Object.values(metrics),
  ...Object.values(artifactRoutes),
  ...Object.values(loggedModels),
  ...Object.values(models),
  serverInfo,
  trackingHealth,
  ...refusals,
];
