// A run by the Azure Machine Learning SDK v1, unmodified. Pure.
import { argumentsOf, type Configuration, type Copied, commandOf, isMap } from "./copied.ts";
import { quoted } from "./shell.ts";

/** A value as Python writes it. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (isMap(value))
    return `{${Object.entries(value)
      .map(([name, inner]) => `${python(name)}: ${python(inner)}`)
      .join(", ")}}`;
  return JSON.stringify(value);
}

/** What is said by the arguments of ScriptRunConfig and by the objects that they take. */
const BY_OBJECTS = new Set([
  "script",
  "arguments",
  "command",
  "target",
  "environment",
  "environmentVariables",
  "maxRunDurationSeconds",
  "framework",
  "communicator",
  "nodeCount",
  "mpi",
  "pytorch",
  "tensorflow",
  "history",
]);

/** A script for a Python that has azureml-core. */
export function pythonText(run: Copied): string {
  const { endpoint, workspace, experimentName, runId, snapshotId, configuration } = run;
  const { subscriptionId, resourceGroup, workspace: name } = workspace;
  const other = Object.keys(configuration).filter((one) => !BY_OBJECTS.has(one));
  const environment = environmentLines(configuration.environment);
  const distribution = distributionOf(configuration);
  const target = typeof configuration.target === "string" ? configuration.target : "local";
  const command = commandOf(configuration);
  const seconds = configuration.maxRunDurationSeconds;
  const variables = configuration.environmentVariables;
  const config = [
    ...(snapshotId === undefined ? [] : [`"project"`]),
    ...(command === undefined
      ? [
          ...(typeof configuration.script === "string" ? [`script=${python(configuration.script)}`] : []),
          ...(argumentsOf(configuration).length > 0
            ? [`arguments=${python(argumentsOf(configuration))}`]
            : []),
        ]
      : [`command=${python(command)}`]),
    `compute_target=${python(target)}`,
    "environment=environment",
    ...(distribution === undefined ? [] : [`distributed_job_config=${distribution.make}`]),
    ...(typeof seconds === "number" ? [`max_run_duration_seconds=${seconds}`] : []),
  ];
  return `${[
    "# Run this in a shell that knows the service:",
    `#   eval "$(npx malachite env --endpoint ${quoted(endpoint)})"`,
    ...(target === "local"
      ? ['# To the SDK, "local" is the machine that this runs on; other targets are the service\'s.']
      : []),
    ...(other.length > 0
      ? [`# Not in here, because the SDK says it in other ways: ${other.join(", ")}.`]
      : []),
    ...(snapshotId === undefined ? [] : ["from zipfile import ZipFile", ""]),
    `from azureml.core import ${["Environment", "Experiment", ...(snapshotId === undefined ? [] : ["Run"]), "ScriptRunConfig", "Workspace"].join(", ")}`,
    ...(environment.conda ? ["from azureml.core.conda_dependencies import CondaDependencies"] : []),
    ...(distribution === undefined ? [] : [`from azureml.core.runconfig import ${distribution.name}`]),
    "",
    `workspace = Workspace(${[subscriptionId, resourceGroup, name].map(python).join(", ")})`,
    `experiment = Experiment(workspace, ${python(experimentName)})`,
    ...(snapshotId === undefined
      ? []
      : [
          "# The project as it ran.",
          `with ZipFile(Run(experiment, ${python(runId)}).restore_snapshot(path=".")) as project:`,
          '    project.extractall("project")',
        ]),
    "",
    ...environment.lines,
    "config = ScriptRunConfig(",
    ...config.map((line) => `    ${line},`),
    ")",
    ...(isMap(variables) ? [`config.run_config.environment_variables = ${python(variables)}`] : []),
    ...(isMap(configuration.history) && configuration.history.outputCollection === false
      ? ["config.run_config.history.output_collection = False"]
      : []),
    "run = experiment.submit(config)",
    "print(run.id)",
  ].join("\n")}\n`;
}

function environmentLines(environment: unknown): {
  readonly lines: readonly string[];
  readonly conda: boolean;
} {
  const {
    name,
    version,
    python: section,
    docker,
    environmentVariables,
  } = isMap(environment) ? environment : {};
  const title = typeof name === "string" ? name : "again";
  const isRegistered = typeof name === "string" && section === undefined && docker === undefined;
  if (isRegistered)
    return {
      lines: [
        `environment = Environment.get(workspace, ${python(name)}${version === undefined ? "" : `, version=${python(String(version))}`})`,
      ],
      conda: false,
    };
  const { userManagedDependencies, interpreterPath, condaDependencies } = isMap(section) ? section : {};
  const conda = condaDependencies !== undefined && userManagedDependencies !== true;
  const image = isMap(docker) ? docker.baseImage : undefined;
  const dockerfile = isMap(docker) ? docker.baseDockerfile : undefined;
  return {
    lines: [
      `environment = Environment(${python(title)})`,
      // Without a word on python the service runs the script with the one that its target has.
      ...(conda ? [] : ["environment.python.user_managed_dependencies = True"]),
      ...(typeof interpreterPath === "string" && !conda
        ? [`environment.python.interpreter_path = ${python(interpreterPath)}`]
        : []),
      ...(conda
        ? [
            `environment.python.conda_dependencies = CondaDependencies(_underlying_structure=${python(condaDependencies)})`,
          ]
        : []),
      ...(typeof image === "string" ? [`environment.docker.base_image = ${python(image)}`] : []),
      ...(typeof dockerfile === "string"
        ? [`environment.docker.base_dockerfile = ${python(dockerfile)}`]
        : []),
      ...(isMap(environmentVariables)
        ? [`environment.environment_variables = ${python(environmentVariables)}`]
        : []),
    ],
    conda,
  };
}

/** How several processes are asked for. */
function distributionOf(
  configuration: Configuration,
): { readonly name: string; readonly make: string } | undefined {
  const { communicator, nodeCount, mpi, pytorch, tensorflow } = configuration;
  const nodes = typeof nodeCount === "number" ? nodeCount : 1;
  const words = (name: string, parts: readonly (readonly [string, unknown])[]) => ({
    name,
    make: `${name}(${parts
      .filter(([, value]) => value !== undefined)
      .map(([word, value]) => `${word}=${python(value)}`)
      .join(", ")})`,
  });
  const of = (section: unknown, name: string) => (isMap(section) ? section[name] : undefined);
  if (communicator === "Mpi" || communicator === "OpenMpi" || communicator === "IntelMpi")
    return words("MpiConfiguration", [
      ["process_count_per_node", of(mpi, "processCountPerNode") ?? 1],
      ["node_count", nodes],
    ]);
  if (communicator === "Nccl" || communicator === "Gloo")
    return words("PyTorchConfiguration", [
      ["communication_backend", communicator],
      ["process_count", of(pytorch, "processCount")],
      ["node_count", nodes],
    ]);
  if (communicator === "ParameterServer")
    return words("TensorflowConfiguration", [
      ["worker_count", of(tensorflow, "workerCount") ?? 1],
      ["parameter_server_count", of(tensorflow, "parameterServerCount") ?? 1],
    ]);
  return undefined;
}
