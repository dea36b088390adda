// Environments of runs on machines that see nothing of this one: nothing is made here, but what cannot be made there is refused before
// the run exists. What is answered is a recipe; adapters/compute/courier carries it out.
import { createHash } from "node:crypto";
import {
  AWAY_MARKS,
  type AwayRecipe,
  type EnvironmentAsk,
  type EnvironmentBuilder,
  imageChoice,
  isBuilt,
  type LocalBuild,
  MalachiteError,
  type PreparedEnvironment,
  readLocalBuild,
} from "@malachite/core";
import { toldPlace } from "../built/channels.ts";

/** What a definition without an interpreter means. */
const DEFAULT_INTERPRETER = "python";

const SOLVED_ANEW =
  "The packages are solved anew on the machine of the compute target: they may be others than those of the run that this one repeats.";

export function createAwayEnvironments(): EnvironmentBuilder {
  return {
    async check(ask) {
      prepared(ask);
    },
    has: async (ask) => {
      prepared(ask);
      return true;
    },
    prepare: async (ask) => prepared(ask),
  };
}

function prepared(ask: EnvironmentAsk): PreparedEnvironment {
  const { recipe, variables } = recipeOf(ask);
  const image = ask.container ? imageOf(ask) : undefined;
  const content = JSON.stringify([recipe, image ?? null]);
  const solvedAnew = ask.lock !== undefined && "build" in recipe;
  return {
    id: `away:${createHash("sha256").update(content).digest("hex").slice(0, 32)}`,
    python: AWAY_MARKS.python,
    folder: AWAY_MARKS.pythonFolder,
    variables,
    recipe,
    ...(image === undefined ? {} : { image }),
    ...(solvedAnew ? { warnings: [SOLVED_ANEW] } : {}),
  };
}

function recipeOf({ environment, withoutPython, tools }: EnvironmentAsk): {
  readonly recipe: AwayRecipe;
  readonly variables: Readonly<Record<string, string>>;
} {
  if (isBuilt(environment)) {
    const { build, variables, faults } = readLocalBuild(environment, "on the machine of this compute target");
    const [first] = faults;
    if (first !== undefined) {
      const unsupported = faults.every(({ code }) => code === "UnsupportedField");
      throw new MalachiteError(
        unsupported ? "UnsupportedField" : "InvalidDefinition",
        `The environment cannot be built: ${first.target}: ${first.message}`,
        { target: first.target, details: faults },
      );
    }
    const { prefix } = AWAY_MARKS;
    const own: Record<string, string> =
      build.conda === undefined
        ? { VIRTUAL_ENV: prefix }
        : // A prefix of conda would see what its user has installed for all pythons.
          { CONDA_PREFIX: prefix, CONDA_DEFAULT_ENV: prefix, PYTHONNOUSERSITE: "1" };
    return {
      recipe: { build: withChannels(build, tools?.condaChannels ?? []) },
      variables: { ...own, ...variables },
    };
  }
  const interpreter = environment.python?.interpreterPath || DEFAULT_INTERPRETER;
  if (interpreter.includes("/") && !interpreter.startsWith("/") && !interpreter.startsWith("~/"))
    throw new MalachiteError(
      "InterpreterNotFound",
      `The interpreter '${interpreter}' is a relative path. Give an absolute path of the target's machine, or a name that is on the PATH there.`,
      { target: "configuration.environment.python.interpreterPath" },
    );
  return {
    recipe: { interpreter, ...(withoutPython ? { optional: true as const } : {}) },
    variables: {},
  };
}

/** The target may say where channels are; what it says nothing of, the conda there knows. */
function withChannels(build: LocalBuild, told: readonly string[]): LocalBuild {
  const { conda } = build;
  if (conda === undefined || told.length === 0) return build;
  const placed = (name: string): string => toldPlace(name, told) ?? name;
  const usual = toldPlace("defaults", told);
  return {
    ...build,
    conda: {
      channels: [
        ...new Set(
          conda.channels.length > 0 ? conda.channels.map(placed) : usual === undefined ? [] : [usual],
        ),
      ],
      packages: conda.packages.map((spec) =>
        spec.replace(/^(\S+?)::/, (_, name: string) => `${placed(name)}::`),
      ),
    },
  };
}

function imageOf({ environment, image }: EnvironmentAsk): string | undefined {
  const choice = imageChoice(environment);
  if (choice.is === "dockerfile")
    throw new MalachiteError(
      "UnsupportedField",
      "No images are made for this compute target. Give the name of an image that it can pull as baseImage.",
      { target: "configuration.environment.docker.baseDockerfile" },
    );
  return choice.is === "image" ? choice.reference : image;
}
