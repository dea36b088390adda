// What the machine of a local run makes an environment of: python, pip packages, and conda packages by the conda of that machine.
// Bases are the service's own. Pure.
import type { Detail } from "../failure/malachiteError.ts";
import { condaPython, needsConda, readCondaSpec } from "./condaSpec.ts";
import { conditionsOf, type VersionCondition } from "./condaVersion.ts";
import type { EnvironmentDefinition } from "./environment.ts";

export type LocalBuild = {
  /** Any of these lists, met whole; none: any python. */
  readonly python: readonly (readonly VersionCondition[])[];
  /** The same as it was written. */
  readonly asked?: string;
  /** What only a conda solver brings, the python among it; then `python` is not looked for. */
  readonly conda?: {
    /** As they are named; none: those that the conda of that machine is set up with. */
    readonly channels: readonly string[];
    readonly packages: readonly string[];
  };
  /** Lines of a file of requirements; `-r` and `-c` name files of the project. */
  readonly pip: readonly string[];
};

export type ReadLocalBuild = {
  readonly build: LocalBuild;
  readonly variables: Readonly<Record<string, string>>;
  readonly faults: readonly Detail[];
};

/** What there is to build, and by name all that is not built there. */
export function readLocalBuild(
  { python = {} }: EnvironmentDefinition,
  where = "on the machine of a local run; submit it to a target of the service",
): ReadLocalBuild {
  const { spec, faults } = readCondaSpec(python.condaDependencies ?? {});
  const path = "configuration.environment.python";
  const refused: Detail[] = [];
  const refuse = (target: string, message: string): void => {
    refused.push({ code: "UnsupportedField", target: `${path}.${target}`, message });
  };
  if (python.baseCondaEnvironment)
    refuse("baseCondaEnvironment", `No conda environment is taken for a base ${where}.`);
  return {
    build: {
      python: spec.python === undefined ? [] : conditionsOf(spec.python),
      ...(spec.python === undefined ? {} : { asked: spec.python }),
      ...(needsConda(spec)
        ? {
            conda: {
              channels: spec.channels.filter((name) => name !== "nodefaults"),
              packages: [
                ...(spec.python === undefined ? [] : [condaPython(spec.python)]),
                ...spec.packages,
                // The pip section is installed by the environment's own.
                ...withPip(spec.installers.map(({ conda }) => conda)),
              ],
            },
            pip: spec.pip,
          }
        : { pip: [...spec.pip, ...spec.installers.map(({ pip }) => pip)] }),
    },
    variables: spec.variables,
    faults: [...faults, ...refused],
  };
}

const withPip = (installers: readonly string[]): readonly string[] =>
  installers.some((one) => /^pip\b/i.test(one)) ? installers : [...installers, "pip"];
