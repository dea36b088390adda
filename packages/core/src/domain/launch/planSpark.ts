// The command of a PySpark run: what spark-submit is told, made of the definition and of the target. Pure.
import type { WholeDefinition } from "../definition/runDefinition.ts";
import { sparkCoordinate } from "../environment/sparkJars.ts";
import { FOLDER_MARK, type TargetSettings } from "./launchPlan.ts";
import { SPARK_START_NAME } from "./sparkStart.ts";

/** Where Spark runs unless somebody says otherwise: on this machine, with all its cores. */
const LOCAL = "local[*]";

/** Properties which the flags for jars say too; `--packages` would win over its own. */
const SAID_BY_JARS = ["spark.jars", "spark.submit.pyFiles", "spark.jars.packages"];

/** The master of a run: what its own configuration says, else the target, else this machine. */
export function sparkMaster(
  { spark }: WholeDefinition["configuration"],
  { options }: Pick<TargetSettings, "options">,
): string {
  const own = spark?.configuration?.["spark.master"];
  return own || (typeof options.sparkMaster === "string" ? options.sparkMaster : LOCAL);
}

/** YARN's own place for the driver; undefined for other masters, which leave it where the run is. */
export function deployMode(
  { hdi, spark }: WholeDefinition["configuration"],
  master: string,
): "client" | "cluster" | undefined {
  if (master !== "yarn") return undefined;
  if (spark?.configuration?.["spark.submit.deployMode"] !== undefined) return undefined;
  return hdi?.yarnDeployMode === "Client" ? "client" : "cluster";
}

/**
 * `start`: the file by which a script is started, as the project folder sees it. In YARN's cluster mode the script is sent to
 * another machine, where that file is not; it starts there by itself.
 *
 * `jars`: the packages of the environment, where they are here already. They are given as spark-submit gives itself what it has
 * fetched: as jars, and as what may hold modules of Python.
 */
export function sparkCommand({
  configuration,
  target,
  python,
  jars,
  start,
  script,
  filledArguments,
}: {
  readonly configuration: WholeDefinition["configuration"];
  readonly target: Pick<TargetSettings, "options">;
  readonly python: string;
  readonly jars: readonly string[] | undefined;
  readonly start: string;
  readonly script: string;
  readonly filledArguments: readonly string[];
}): readonly string[] {
  const master = sparkMaster(configuration, target);
  const mode = deployMode(configuration, master);
  const { packages = [], repositories = [], precachePackages } = configuration.environment?.spark ?? {};
  const defaults: Record<string, string> = {
    // Spark would take the name of the file that starts the script.
    "spark.app.name": script,
    ...(/^local\b/.test(master)
      ? { "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1" }
      : {}),
    // What is not to be kept for other runs goes with the run's folder.
    ...(packages.length > 0 && precachePackages === false ? { "spark.jars.ivy": `${FOLDER_MARK}/ivy` } : {}),
  };
  const properties: Readonly<Record<string, unknown>> = {
    ...defaults,
    ...configuration.spark?.configuration,
  };
  const withJars = (name: string): string =>
    [...(properties[name] ? [String(properties[name])] : []), ...(jars ?? [])].join(",");
  const bring =
    jars === undefined
      ? [
          ...(repositories.length === 0 ? [] : ["--repositories", repositories.join(",")]),
          ...(packages.length === 0 ? [] : ["--packages", packages.map(sparkCoordinate).join(",")]),
        ]
      : ["--jars", withJars("spark.jars"), "--py-files", withJars("spark.submit.pyFiles")];
  const said = ["spark.master", ...(jars === undefined ? [] : SAID_BY_JARS)];
  return [
    python,
    `../${SPARK_START_NAME}`,
    "--master",
    master,
    ...(mode === undefined ? [] : ["--deploy-mode", mode]),
    ...bring,
    ...Object.entries(properties)
      .filter(([name]) => !said.includes(name))
      .flatMap(([name, value]) => ["--conf", `${name}=${value}`]),
    ...(mode === "cluster" ? [script] : [start, script]),
    ...filledArguments,
  ];
}
