// The four operations of the Execution Service, 2019-09-30.
import Type from "typebox";
import { oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { experimentParams, runId, runParams, workspacePath } from "../scope.ts";
import { CancelRun, CleanRuns, PreparationState, RunDefinition, StartRunResult } from "./runDefinition.ts";

const base = `/execution/v1.0${workspacePath}/experiments/{experimentName}`;
const source = "execution 2019-09-30";
const query = Type.Object({ runId: optional(runId) });
const definition = { kind: "json", schema: RunDefinition, required: true, name: "definition" } as const;

export const startRun = operation({
  id: "Runs_StartRun",
  method: "POST",
  path: `${base}/startrun`,
  summary: "Start a run on a remote compute target.",
  source,
  params: Type.Object(experimentParams),
  query,
  body: {
    kind: "multipart",
    parts: {
      runDefinitionFile: { description: "The JSON file containing the RunDefinition" },
      projectZipFile: {
        description: "The zip archive of the project folder containing the source code to use for the run.",
      },
    },
  },
  answer: { kind: "json", schema: StartRunResult, description: "A run was successfully started." },
});

export const startSnapshotRun = operation({
  id: "Runs_StartSnapshotRun",
  method: "POST",
  path: `${base}/snapshotrun`,
  summary: "Start a run from a snapshot on a remote compute target.",
  source,
  params: Type.Object(experimentParams),
  query,
  body: definition,
  answer: { kind: "json", schema: StartRunResult, description: "A snapshot run was successfully started." },
});

export const startLocalRun = operation({
  id: "Runs_StartLocalRun",
  method: "POST",
  path: `${base}/startlocalrun`,
  summary: "Start a run on a local machine.",
  source,
  params: Type.Object(experimentParams),
  query,
  body: definition,
  answer: { kind: "bytes", contentType: "application/octet-stream", description: "File Response" },
});

const localForm = {
  kind: "multipart",
  parts: {
    files: {
      description:
        "Two files of this name: definition.json, the RunDefinition, and aml_config.zip, the client's own settings.",
    },
  },
} as const;

const preparation = {
  params: Type.Object(experimentParams),
  query,
  source: "sdk",
} as const;
const startForm = {
  kind: "multipart",
  parts: {
    files: {
      description:
        "Two files of this name: definition.json, the RunDefinition, and project.zip, the project folder.",
    },
  },
} as const;
const started = {
  kind: "json",
  schema: StartRunResult,
  description: "A run that makes the environment was started.",
} as const;
const checked = {
  kind: "json",
  schema: PreparationState,
  description: "Whether the environment is there.",
} as const;

export const startOldRun = operation({
  id: "Runs_Run",
  method: "POST",
  path: `${base}/run`,
  summary: "Start a run on a remote compute target, as the first releases of the v1 SDK do it.",
  source: "sdk",
  params: Type.Object(experimentParams),
  query,
  body: startForm,
  answer: { kind: "json", schema: StartRunResult, description: "A run was successfully started." },
});

export const prepareRun = operation({
  ...preparation,
  id: "Runs_Prepare",
  method: "POST",
  path: `${base}/prepare`,
  summary: "Make the environment of a run without running its script.",
  body: startForm,
  answer: started,
});

export const prepareSnapshotRun = operation({
  ...preparation,
  id: "Runs_PrepareSnapshot",
  method: "POST",
  path: `${base}/snapshotprepare`,
  summary: "Make the environment of a run without running its script, from a snapshot.",
  body: definition,
  answer: started,
});

export const checkPrepared = operation({
  ...preparation,
  id: "Runs_CheckPrepare",
  method: "POST",
  path: `${base}/checkprepare`,
  summary: "Ask whether the environment of a run is there.",
  body: startForm,
  answer: checked,
});

export const checkSnapshotPrepared = operation({
  ...preparation,
  id: "Runs_CheckPrepareSnapshot",
  method: "POST",
  path: `${base}/snapshotcheckprepare`,
  summary: "Ask whether the environment of a run is there, from a snapshot.",
  body: definition,
  answer: checked,
});

export const cleanRuns = operation({
  id: "Runs_Clean",
  method: "POST",
  path: `${base}/clean`,
  summary: "Remove what runs have left on their compute target.",
  source: "sdk",
  params: Type.Object(experimentParams),
  query: Type.Object({ all: optional(Type.Boolean()) }),
  body: { kind: "json", schema: CleanRuns, required: false, name: "runs" },
  answer: {
    kind: "json",
    schema: Type.Array(Type.String()),
    description: "What was removed, a sentence each.",
  },
});

export const cancelOldRun = operation({
  id: "Runs_CancelRun",
  method: "POST",
  path: `${base}/cancel`,
  summary: "Cancel a run, as the first releases of the v1 SDK do it.",
  source: "sdk",
  params: Type.Object(experimentParams),
  body: { kind: "json", schema: CancelRun, required: true, name: "run" },
  answer: { kind: "json", schema: StartRunResult, description: "The run is cancelled." },
});

export const localRun = operation({
  id: "Runs_LocalRun",
  method: "POST",
  path: `${base}/localrun`,
  summary: "Start a run on a local machine, as the v1 SDK does it.",
  source: "sdk",
  params: Type.Object(experimentParams),
  query,
  body: localForm,
  answer: { kind: "bytes", contentType: "application/zip", description: "What to start on that machine." },
});

export const localPrepare = operation({
  id: "Runs_LocalPrepare",
  method: "POST",
  path: `${base}/localprepare`,
  summary: "Check that a local machine can run a definition, without running its script.",
  source: "sdk",
  params: Type.Object(experimentParams),
  query,
  body: localForm,
  answer: { kind: "bytes", contentType: "application/zip", description: "What to start on that machine." },
});

export const cancelRun = operation({
  id: "Runs_CancelRunWithUri",
  method: "POST",
  path: `${base}/runId/{runId}/cancel`,
  summary: "Cancel a run.",
  source,
  params: Type.Object(runParams),
  query: Type.Object({
    finalStatus: optional(
      oneOf(["Completed", "Canceled", "Failed"], {
        description: "The status the run ends with (2019-05-01). Default: Canceled.",
      }),
    ),
  }),
  answer: { kind: "json", schema: StartRunResult, description: "The run was successfully cancelled." },
});
