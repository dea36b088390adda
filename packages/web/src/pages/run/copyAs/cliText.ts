// A run by the command line: its project into a folder, and the folder submitted as it was. Pure.
import { argumentsOf, type Configuration, type Copied, commandOf, isMap, workspacePathOf } from "./copied.ts";
import { hereDocument, quoted } from "./shell.ts";

/** What flags can say; everything else goes into a file of the configuration. */
const BY_FLAGS = new Set(["script", "arguments", "target", "maxRunDurationSeconds", "environment"]);

/** For a POSIX shell with Node. */
export function cliText(run: Copied): string {
  const { endpoint, workspace, experimentName, runId, snapshotId, parentRunId, configuration } = run;
  const { subscriptionId, resourceGroup, workspace: name } = workspace;
  const head = `export MALACHITE_ENDPOINT=${quoted(endpoint)} MALACHITE_WORKSPACE=${quoted(`${subscriptionId}/${resourceGroup}/${name}`)}`;
  const again = `npx malachite rerun ${quoted(runId)}`;
  // A folder is submitted with a script; a line of the shell goes with its own run alone.
  if (commandOf(configuration) !== undefined || snapshotId === undefined) return `${head}\n${again}\n`;
  const zip = `${endpoint}/malachite/v1.0${workspacePathOf(workspace)}/snapshots/${snapshotId}/zip`;
  const flags = flagsOf(configuration);
  const { mark, body } = hereDocument(JSON.stringify(withoutFlags(configuration), null, 2));
  const words = argumentsOf(configuration).map(quoted).join(" ");
  return `# The project as it ran, submitted as it was. With exactly the packages of then instead: ${again}
${head}
curl -fsS -H "Authorization: Bearer \${MALACHITE_TOKEN:-dev}" -o project.zip \\
  ${quoted(zip)}
python3 -m zipfile -e project.zip project
${flags === undefined ? `cat > again.runconfig ${mark}\n${body}\n` : ""}${[
  "npx malachite submit project",
  `--experiment ${quoted(experimentName)}`,
  ...(flags ?? ["--config again.runconfig"]),
  ...(parentRunId === undefined ? [] : [`--parent ${quoted(parentRunId)}`]),
].join(" ")}${words === "" ? "" : ` -- ${words}`}
`;
}

/** The flags of a configuration that needs no file; undefined for one that does. */
function flagsOf(configuration: Configuration): string[] | undefined {
  if (Object.keys(configuration).some((name) => !BY_FLAGS.has(name))) return undefined;
  const { script, target, maxRunDurationSeconds, environment } = configuration;
  const flags = [
    ...(typeof script === "string" ? [`--script ${quoted(script)}`] : []),
    ...(typeof target === "string" ? [`--target ${quoted(target)}`] : []),
    ...(typeof maxRunDurationSeconds === "number" ? [`--max-seconds ${maxRunDurationSeconds}`] : []),
  ];
  if (environment === undefined) return flags;
  if (!isMap(environment)) return undefined;
  const { environmentVariables = {}, python, ...rest } = environment;
  if (Object.keys(rest).length > 0 || !isMap(environmentVariables)) return undefined;
  for (const [name, value] of Object.entries(environmentVariables))
    flags.push(`--env ${quoted(`${name}=${String(value)}`)}`);
  if (python === undefined) return flags;
  if (!isMap(python)) return undefined;
  const { userManagedDependencies, interpreterPath, ...more } = python;
  if (userManagedDependencies !== true || Object.keys(more).length > 0) return undefined;
  if (typeof interpreterPath === "string") flags.push(`--python ${quoted(interpreterPath)}`);
  return typeof interpreterPath === "string" ? flags : undefined;
}

/** Arguments are given behind `--`. */
function withoutFlags(configuration: Configuration): Configuration {
  const { arguments: _, ...rest } = configuration;
  return rest;
}
