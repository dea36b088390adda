// What the machine of a local run makes an environment of: python and pip packages. Conda and bases are the service's own. Pure.
import type { Detail } from "../failure/malachiteError.ts";
import { needsConda, readCondaSpec } from "./condaSpec.ts";
import { conditionsOf, type VersionCondition } from "./condaVersion.ts";
import type { EnvironmentDefinition } from "./environment.ts";

export type LocalBuild = {
  /** Any of these lists, met whole; none: any python. */
  readonly python: readonly (readonly VersionCondition[])[];
  /** The same as it was written. */
  readonly asked?: string;
  /** Lines of a file of requirements; `-r` and `-c` name files of the project. */
  readonly pip: readonly string[];
};

export type ReadLocalBuild = {
  readonly build: LocalBuild;
  readonly variables: Readonly<Record<string, string>>;
  readonly faults: readonly Detail[];
};

/** What there is to build, and by name all that is not built there. */
export function readLocalBuild({ python = {} }: EnvironmentDefinition): ReadLocalBuild {
  const { spec, faults } = readCondaSpec(python.condaDependencies ?? {});
  const path = "configuration.environment.python";
  const there = "on the machine of a local run; submit it to a target of the service";
  const refused: Detail[] = [];
  const refuse = (target: string, message: string): void => {
    refused.push({ code: "UnsupportedField", target: `${path}.${target}`, message });
  };
  if (needsConda(spec))
    refuse(
      "condaDependencies.dependencies",
      `No conda packages are installed ${there}: ${spec.packages.join(", ")}.`,
    );
  if (python.baseCondaEnvironment)
    refuse("baseCondaEnvironment", `No conda environment is taken for a base ${there}.`);
  return {
    build: {
      python: spec.python === undefined ? [] : conditionsOf(spec.python),
      ...(spec.python === undefined ? {} : { asked: spec.python }),
      pip: [...spec.pip, ...spec.installers.map(({ pip }) => pip)],
    },
    variables: spec.variables,
    faults: [...faults, ...refused],
  };
}
