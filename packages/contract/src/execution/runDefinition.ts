// What a client sends to start a run. Shapes of the public description (execution.json, 2019-09-30); no defaults, no logic.
import Type, { type Static } from "typebox";
import { anyObject, integer, looseText, mapOf, model, oneOf, optional } from "../model.ts";
import { runId } from "../scope.ts";

export const FRAMEWORKS = ["Python", "PySpark", "Cntk", "TensorFlow", "PyTorch"] as const;
export const COMMUNICATORS = [
  "None",
  "ParameterServer",
  "Gloo",
  "Mpi",
  "Nccl",
  "OpenMpi",
  "IntelMpi",
] as const;
export const DATA_STORE_MODES = ["Mount", "Download", "Upload"] as const;
export const YARN_DEPLOY_MODES = ["None", "Client", "Cluster"] as const;

export const DataReferenceConfiguration = model("DataReferenceConfiguration", {
  dataStoreName: optional(Type.String()),
  mode: optional(oneOf(DATA_STORE_MODES)),
  pathOnDataStore: optional(Type.String()),
  pathOnCompute: optional(Type.String()),
  overwrite: optional(Type.Boolean()),
});

export const DATA_MECHANISMS = ["Direct", "Mount", "Download", "Upload", "Hdfs", "Link"] as const;

export const DatasetReference = model("NamedDataset", {
  id: optional(Type.String()),
  name: optional(Type.String()),
  version: optional(looseText()),
});
export const DataPath = model("PathOnDatastore", {
  datastoreName: optional(Type.String()),
  relativePath: optional(Type.String()),
});
export const DataUri = model("DataUri", {
  path: optional(Type.String({ description: "https://… or azureml://…/datastores/NAME/paths/PATH." })),
  isFile: optional(Type.Boolean({ description: "The variable names the file, not the folder it is in." })),
});
export const DataLocation = model(
  "DataLocation",
  { dataset: optional(DatasetReference), dataPath: optional(DataPath), uri: optional(DataUri) },
  { description: "Exactly one of the three. Datasets are not served." },
);
export const InputData = model("InputData", {
  dataLocation: optional(DataLocation),
  createOutputDirectories: optional(Type.Boolean()),
  mechanism: optional(oneOf(DATA_MECHANISMS)),
  environmentVariableName: optional(Type.String()),
  pathOnCompute: optional(Type.String()),
  overwrite: optional(Type.Boolean()),
  options: optional(anyObject()),
});
export const GlobsOptions = model("GlobsOptions", { patterns: optional(Type.Array(Type.String())) });
export const UploadOptions = model("UploadOptions", {
  overwrite: optional(Type.Boolean()),
  sourceGlobs: optional(GlobsOptions),
});
export const DatasetRegistrationOptions = model("DatasetRegistrationOptions", {
  additionalTransformation: optional(Type.String()),
});
export const RegistrationOptions = model("RegistrationOptions", {
  name: optional(Type.String()),
  description: optional(Type.String()),
  tags: optional(mapOf(looseText())),
  datasetRegistrationOptions: optional(DatasetRegistrationOptions),
});
export const OutputOptions = model("OutputOptions", {
  pathOnCompute: optional(Type.String()),
  registrationOptions: optional(RegistrationOptions),
  uploadOptions: optional(UploadOptions),
  mountOptions: optional(model("MountOptions", { disableMetadataCache: optional(Type.Boolean()) })),
});
export const OutputData = model("OutputData", {
  outputLocation: optional(DataLocation),
  mechanism: optional(oneOf(DATA_MECHANISMS)),
  additionalOptions: optional(OutputOptions),
});

export const PythonSection = model("PythonSection", {
  interpreterPath: optional(
    Type.String({ description: "The python to run with. Only used when userManagedDependencies is true." }),
  ),
  userManagedDependencies: optional(Type.Boolean()),
  condaDependencies: optional(anyObject()),
  baseCondaEnvironment: optional(Type.String()),
});

export const ContainerRegistry = model("ContainerRegistry", {
  address: optional(Type.String()),
  username: optional(Type.String()),
  password: optional(Type.String()),
});

export const DockerSection = model("DockerSection", {
  baseImage: optional(Type.String({ description: "Mutually exclusive with baseDockerfile." })),
  baseDockerfile: optional(Type.String({ description: "Mutually exclusive with baseImage." })),
  enabled: optional(Type.Boolean()),
  sharedVolumes: optional(Type.Boolean()),
  arguments: optional(Type.Array(Type.String())),
  shmSize: optional(Type.String()),
  baseImageRegistry: optional(ContainerRegistry),
});

export const SparkMavenPackage = model("SparkMavenPackage", {
  group: optional(Type.String()),
  artifact: optional(Type.String()),
  version: optional(Type.String()),
});

export type SparkMavenPackage = Static<typeof SparkMavenPackage>;

export const SparkSection = model("SparkSection", {
  repositories: optional(Type.Array(Type.String())),
  packages: optional(Type.Array(SparkMavenPackage)),
  precachePackages: optional(Type.Boolean()),
});

export const EnvironmentDefinition = model("EnvironmentDefinition", {
  name: optional(Type.String()),
  version: optional(Type.String()),
  python: optional(PythonSection),
  environmentVariables: optional(mapOf(looseText())),
  docker: optional(DockerSection),
  spark: optional(SparkSection),
  inferencingStackVersion: optional(Type.String()),
});

export const HistoryConfiguration = model("HistoryConfiguration", {
  outputCollection: optional(
    Type.Boolean({ description: "Whether outputs are collected into the run history." }),
  ),
  directoriesToWatch: optional(
    Type.Array(Type.String(), { description: "Folders whose files are uploaded while the run runs." }),
  ),
});

export const SparkConfiguration = model("SparkConfiguration", {
  configuration: optional(mapOf(looseText())),
});
export const TensorflowConfiguration = model("TensorflowConfiguration", {
  workerCount: optional(integer({ format: "int32" })),
  parameterServerCount: optional(integer({ format: "int32" })),
});
export const MpiConfiguration = model("MpiConfiguration", {
  processCountPerNode: optional(integer({ format: "int32" })),
  nodeCount: optional(integer({ format: "int32" })),
});
export const PyTorchConfiguration = model("PyTorchConfiguration", {
  communicationBackend: optional(oneOf(["Nccl", "Gloo"])),
  processCount: optional(
    integer({
      format: "int32",
      description: "The processes of all nodes together. Default: one on each node.",
    }),
  ),
  nodeCount: optional(integer({ format: "int32" })),
});
export const HdiConfiguration = model("HdiConfiguration", {
  yarnDeployMode: optional(oneOf(YARN_DEPLOY_MODES)),
});

export const DockerConfiguration = model("DockerConfiguration", {
  useDocker: optional(Type.Boolean()),
  sharedVolumes: optional(Type.Boolean()),
  arguments: optional(Type.Array(Type.String())),
  shmSize: optional(Type.String()),
});

export const RunConfiguration = model("RunConfiguration", {
  command: optional(
    Type.Union([Type.String(), Type.Array(looseText())], {
      description: "A line for the shell, instead of script and arguments; a list is joined by blanks.",
    }),
  ),
  script: optional(Type.String({ description: "The script to run, relative to the project folder." })),
  arguments: optional(Type.Array(looseText())),
  framework: optional(oneOf(FRAMEWORKS)),
  communicator: optional(oneOf(COMMUNICATORS)),
  target: optional(Type.String({ description: "The name of the compute target. Default: local." })),
  dataReferences: optional(mapOf(DataReferenceConfiguration)),
  data: optional(mapOf(InputData, { description: "What is brought to the run, by name." })),
  outputData: optional(mapOf(OutputData, { description: "What the run leaves in a datastore, by name." })),
  jobName: optional(Type.String()),
  maxRunDurationSeconds: optional(
    integer({
      format: "int64",
      description: "The longest time the run may take, in seconds; null means no limit.",
    }),
  ),
  nodeCount: optional(integer({ format: "int32" })),
  priority: optional(integer({ format: "int32" })),
  environment: optional(EnvironmentDefinition),
  environmentVariables: optional(
    mapOf(looseText(), { description: "Variables of this run; they win over those of its environment." }),
  ),
  docker: optional(DockerConfiguration),
  history: optional(HistoryConfiguration),
  spark: optional(SparkConfiguration),
  tensorflow: optional(TensorflowConfiguration),
  mpi: optional(MpiConfiguration),
  pytorch: optional(PyTorchConfiguration),
  hdi: optional(HdiConfiguration),
});
export type RunConfiguration = Static<typeof RunConfiguration>;

export const RunDefinition = model("RunDefinition", {
  configuration: optional(RunConfiguration),
  snapshotId: optional(Type.String({ format: "uuid" })),
  parentRunId: optional(Type.String()),
  runType: optional(
    Type.String({ description: 'The runsource property of the run. Default: "experiment".' }),
  ),
});
export type RunDefinition = Static<typeof RunDefinition>;

export const StartRunResult = model("StartRunResult", {
  runId: Type.String({ description: "The identifier for a run." }),
});
export type StartRunResult = Static<typeof StartRunResult>;

export const PreparationState = model("PreparationState", { environmentPrepared: Type.Boolean() });

export const CancelRun = model("CancelRun", {
  runId,
  target: optional(Type.String()),
});

export const CleanRuns = model("CleanRuns", {
  runId: optional(Type.String({ description: "One run, or the word null for all of them." })),
  target: optional(Type.String()),
});
