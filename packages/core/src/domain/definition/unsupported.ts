// What a definition may ask for that this service understands and does not do. Refused by name, never ignored. One table.
import type { execution } from "@malachite/contract";
import type { Detail } from "../failure/malachiteError.ts";

type Configuration = execution.RunConfiguration;
type Loose = Readonly<Record<string, unknown>>;
type Rule = {
  readonly path: string;
  readonly asks: (configuration: Configuration) => boolean;
  readonly message: string;
};

const filled = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== "" &&
  value !== false &&
  !(typeof value === "object" && Object.keys(value).length === 0);

/** A property that only real clients know, found in any case: it is not in the contract's schema. */
const extra = (owner: object | undefined, name: string): unknown => {
  const key = Object.keys(owner ?? {}).find((k) => k.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : (owner as Loose)[key];
};

const python = (configuration: Configuration) => configuration.environment?.python;

const RULES: readonly Rule[] = [
  {
    path: "datacaches",
    asks: (c) => filled(extra(c, "datacaches")),
    message: "Data caches are not brought to a run.",
  },
  {
    path: "sourceDirectoryDataStore",
    asks: (c) => filled(extra(c, "sourceDirectoryDataStore")),
    message: "The project comes with the run, not from a datastore.",
  },
  {
    path: "applicationEndpoints",
    asks: (c) => filled(extra(c, "applicationEndpoints")),
    message: "No endpoints are opened beside a run.",
  },
  ...["vmSize", "vmPriority", "retainCluster", "name"].map((name) => ({
    path: `amlcompute.${name}`,
    asks: (c: Configuration) => filled(extra(extra(c, "amlcompute") as object | undefined, name)),
    message: "No machines are made for a run; use a target that exists.",
  })),
  {
    path: "amlcompute.clusterMaxNodeCount",
    // The first releases of the SDK always say 1.
    asks: (c) => Number(extra(extra(c, "amlcompute") as object | undefined, "clusterMaxNodeCount") ?? 0) > 1,
    message: "No machines are made for a run; nodeCount says how many nodes of a target it takes.",
  },
  {
    path: "autoClusterComputeSpecification",
    asks: (c) => filled(extra(c, "autoClusterComputeSpecification")),
    message: "No machines are made for a run; use a target that exists.",
  },
  {
    path: "kubernetescompute.instanceType",
    asks: (c) => filled(extra(extra(c, "kubernetescompute") as object | undefined, "instanceType")),
    message: "No instance type is chosen for a run; use a target that exists.",
  },
  {
    path: "credentialPassthrough",
    asks: (c) => extra(c, "credentialPassthrough") === true,
    message: "A user's credential is not passed on to a run.",
  },
  {
    path: "history.ambientAuthentication",
    asks: (c) => {
      const ambient = extra(c.history, "ambientAuthentication") as Loose | undefined;
      // A run has the token of its own in any case.
      return !["", "none", "runtoken"].includes(String(extra(ambient, "method") ?? "").toLowerCase());
    },
    message: "There is no key vault to take a credential from; a run has a token of its own.",
  },
  {
    path: "environment.python.condaDependenciesFile",
    asks: (c) => filled(extra(python(c), "condaDependenciesFile")) && !filled(python(c)?.condaDependencies),
    message: "The file itself does not come with a definition; give its content as condaDependencies.",
  },
  {
    path: "environment.r",
    asks: (c) => filled(extra(c.environment, "r")),
    message: "R is not set up for a run; use an image or a machine that has it, and a command.",
  },
  {
    path: "environment.databricks",
    asks: (c) =>
      Object.values((extra(c.environment, "databricks") ?? {}) as Loose).some(
        (libraries) => Array.isArray(libraries) && libraries.length > 0,
      ),
    message: "There is no Databricks here to install libraries on.",
  },
  {
    path: "environment.docker.buildContext",
    asks: (c) => filled(extra(c.environment?.docker, "buildContext")),
    message: "Build contexts are not fetched; give the text of the file as baseDockerfile.",
  },
  {
    path: "environment.docker.platform",
    asks: (c) => {
      const platform = extra(c.environment?.docker, "platform") as Loose | undefined;
      const [os, architecture] = ["os", "architecture"].map((name) => extra(platform, name));
      return (
        (filled(os) && String(os).toLowerCase() !== "linux") ||
        (filled(architecture) && String(architecture).toLowerCase() !== "amd64")
      );
    },
    message: "Only images for linux on amd64 are run.",
  },
  {
    path: "environment.docker.baseImageRegistry.registryIdentity",
    asks: (c) => filled(extra(c.environment?.docker?.baseImageRegistry, "registryIdentity")),
    message: "Managed identities are Azure's; give username and password.",
  },
];

/** What is asked for beside the configuration. */
export function unsupportedBeside(definition: execution.RunDefinition): Detail[] {
  if (!filled(extra(definition, "targetDetails"))) return [];
  const message = "What a target is stands in the settings of the service; a definition only names it.";
  return [{ code: "UnsupportedField", target: "targetDetails", message }];
}

/** Everything the definition asks for that is not done here. */
export function unsupportedFaults(configuration: Configuration): Detail[] {
  return RULES.filter((rule) => rule.asks(configuration)).map((rule) => ({
    code: "UnsupportedField",
    target: `configuration.${rule.path}`,
    message: rule.message,
  }));
}
