// Which packages of Maven a PySpark run is to find as files when it starts: those that its environment says are precached. Pure.
import { givenVariables, type WholeDefinition } from "../definition/runDefinition.ts";
import { SPARK_START, SPARK_START_NAME } from "../launch/sparkStart.ts";

/** What spark-submit is told to fetch, and what says how. The same for the same. */
export type SparkJarsAsk = {
  /** `group:artifact:version`, in order. */
  readonly packages: readonly string[];
  readonly repositories: readonly string[];
  /** Properties of Spark that decide which files come. */
  readonly properties: Readonly<Record<string, string>>;
  /** Variables that decide with which Spark and which Java. */
  readonly variables: Readonly<Record<string, string>>;
};

/** Files that were fetched, as the run sees them. */
export type SparkJars = {
  /** Absent where the image of the run holds them. */
  readonly id?: string;
  readonly files: readonly string[];
};

const PROPERTIES = ["spark.jars.excludes", "spark.jars.repositories"];
const VARIABLES = [
  "PATH",
  "JAVA_HOME",
  "SPARK_HOME",
  "SPARK_SUBMIT_OPTS",
  "JAVA_TOOL_OPTIONS",
  "_JAVA_OPTIONS",
];

/**
 * Undefined where nothing is to be fetched before the run. A file of settings for Ivy may be one of the project: then the run itself
 * fetches, as with `precachePackages: false`.
 */
export function sparkJarsAsk(configuration: WholeDefinition["configuration"]): SparkJarsAsk | undefined {
  const { packages = [], repositories = [], precachePackages } = configuration.environment?.spark ?? {};
  const properties = configuration.spark?.configuration ?? {};
  if (configuration.framework !== "PySpark" || packages.length === 0 || precachePackages === false)
    return undefined;
  if (properties["spark.jars.ivySettings"]) return undefined;
  return {
    packages: packages.map(sparkCoordinate),
    repositories,
    properties: picked(properties, PROPERTIES),
    variables: picked(givenVariables(configuration), VARIABLES),
  };
}

/** A package of Maven in one word. */
export const sparkCoordinate = ({
  group,
  artifact,
  version,
}: {
  readonly group?: string;
  readonly artifact?: string;
  readonly version?: string;
}): string => `${group}:${artifact}:${version}`;

/** The program that spark-submit is to run when it has fetched: none. */
const NOTHING_NAME = "nothing.py";

/** The files that `sparkFetchArguments` needs beside each other. */
export const SPARK_FETCH_FILES: Readonly<Record<string, string>> = {
  [SPARK_START_NAME]: SPARK_START,
  [NOTHING_NAME]: "",
};

/** For the python of the environment: fetches all into `ivy`, where they lie in `jars` afterwards. */
export const sparkFetchArguments = (
  { packages, repositories, properties }: SparkJarsAsk,
  { files, ivy }: { readonly files: string; readonly ivy: string },
): readonly string[] => [
  `${files}/${SPARK_START_NAME}`,
  "--master",
  "local",
  ...(repositories.length === 0 ? [] : ["--repositories", repositories.join(",")]),
  "--packages",
  packages.join(","),
  ...Object.entries({ ...properties, "spark.jars.ivy": ivy }).flatMap(([name, value]) => [
    "--conf",
    `${name}=${value}`,
  ]),
  `${files}/${NOTHING_NAME}`,
];

function picked(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (from[name] === undefined ? [] : [[name, String(from[name])]])),
  );
}
