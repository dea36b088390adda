// What is known of a run, sorted into groups of names and values. Pure.
import type { Run, RunDetails } from "@malachite/client";

export type Fact = { readonly name: string; readonly value: string };
export type FactGroup = { readonly title: string; readonly facts: readonly Fact[] };

const GIT = "azureml.git.";
const GIT_NAMES: Readonly<Record<string, string>> = {
  repository_uri: "repository",
  "azureml.repository_uri": "repository",
  branch: "branch",
  commit: "commit",
  dirty: "with changes",
  build_id: "build",
  build_uri: "build page",
};
/** Said elsewhere on the page, or of no use to people. */
const HIDDEN = new Set([
  "malachite.exitCode",
  "malachite.signal",
  "malachite.reason",
  "_azureml.ComputeTargetType",
]);

type Configuration = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The inner part of a definition: what runs, where and how. */
export function configurationOf(details: RunDetails | undefined): Configuration {
  const definition = details?.runDefinition;
  const inner = definition?.configuration ?? definition?.Configuration ?? definition;
  return isMap(inner) ? inner : {};
}

/** Arguments as pairs of a flag and its value where they look like it: `--lr 0.1`, `--lr=0.1`, `--fast`, `name=value`. */
export function argumentFacts(words: readonly string[]): Fact[] {
  const facts: Fact[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const pair = /^(--?[A-Za-z][\w.-]*|[A-Za-z_][\w.]*)=([\s\S]*)$/.exec(word);
    const next = words[at + 1];
    if (pair) facts.push({ name: pair[1] ?? "", value: pair[2] ?? "" });
    else if (/^--?[A-Za-z]/.test(word) && next !== undefined && !/^--?[A-Za-z]/.test(next)) {
      facts.push({ name: word, value: next });
      at += 1;
    } else if (/^--?[A-Za-z]/.test(word)) facts.push({ name: word, value: "" });
    else facts.push({ name: "", value: word });
  }
  return facts;
}

/** Every group that has something in it. */
export function factsOf(run: Run, details: RunDetails | undefined): FactGroup[] {
  const configuration = configurationOf(details);
  const properties = Object.entries(run.properties ?? {});
  const git = properties.filter(([name]) => name.startsWith(GIT));
  const args = Array.isArray(configuration.arguments) ? configuration.arguments.map(text) : [];
  const groups: FactGroup[] = [
    {
      title: "Parameters",
      facts: [
        ...Object.entries(run.parameters ?? {}).map(([name, value]) => ({ name, value: text(value) })),
        ...argumentFacts(args),
      ],
    },
    { title: "What runs", facts: whatRuns(run, configuration) },
    { title: "Environment", facts: environmentFacts(configuration.environment) },
    {
      title: "Variables",
      facts: isMap(configuration.environmentVariables)
        ? Object.entries(configuration.environmentVariables).map(([name, value]) => ({
            name,
            value: text(value),
          }))
        : [],
    },
    {
      title: "Git",
      facts: git.map(([name, value]) => {
        const rest = name.slice(GIT.length);
        return { name: GIT_NAMES[rest] ?? rest, value: value ?? "" };
      }),
    },
    {
      title: "Properties",
      facts: properties
        .filter(([name]) => !name.startsWith(GIT) && !HIDDEN.has(name))
        .map(([name, value]) => ({ name, value: value ?? "" })),
    },
  ];
  return groups.filter(({ facts }) => facts.length > 0);
}

function whatRuns(run: Run, configuration: Configuration): Fact[] {
  const command = Array.isArray(configuration.command)
    ? configuration.command.map(text).join(" ")
    : (configuration.command as string | undefined);
  const nodes = configuration.nodeCount;
  const framework = configuration.framework;
  const communicator = configuration.communicator;
  return [
    ...(command ? [{ name: "command", value: command }] : []),
    ...(!command && run.scriptName ? [{ name: "script", value: run.scriptName }] : []),
    ...(typeof framework === "string" && framework !== "Python"
      ? [{ name: "framework", value: framework }]
      : []),
    ...(typeof communicator === "string" && communicator !== "None"
      ? [{ name: "communicator", value: communicator }]
      : []),
    ...(typeof nodes === "number" && nodes > 1 ? [{ name: "nodes", value: String(nodes) }] : []),
    ...(typeof configuration.maxRunDurationSeconds === "number"
      ? [{ name: "at most", value: `${configuration.maxRunDurationSeconds} s` }]
      : []),
  ];
}

function environmentFacts(environment: unknown): Fact[] {
  if (!isMap(environment)) return [];
  const python = isMap(environment.python) ? environment.python : {};
  const docker = isMap(environment.docker) ? environment.docker : {};
  const named = typeof environment.name === "string" && environment.name !== "";
  const version = environment.version ? `, version ${text(environment.version)}` : "";
  return [
    ...(named ? [{ name: "name", value: `${text(environment.name)}${version}` }] : []),
    ...(typeof docker.baseImage === "string" && docker.baseImage
      ? [{ name: "image", value: docker.baseImage }]
      : []),
    ...(python.userManagedDependencies === true
      ? [{ name: "python", value: text(python.interpreterPath ?? "python") }]
      : condaFacts(python.condaDependencies)),
  ];
}

/** The packages that were asked for, one a line. */
function condaFacts(conda: unknown): Fact[] {
  if (!isMap(conda) || !Array.isArray(conda.dependencies)) return [];
  const packages = conda.dependencies.flatMap((one: unknown) =>
    typeof one === "string" ? [one] : isMap(one) && Array.isArray(one.pip) ? one.pip.map(text) : [],
  );
  return packages.length === 0 ? [] : [{ name: "packages", value: packages.join("\n") }];
}
