// Whether a run goes into a container, and what its definition says of it. Pure.
import type { EnvironmentDefinition } from "../environment/environment.ts";
import {
  type ContainerFlags,
  limitsOf,
  parseSize,
  privilegesOf,
  readContainerFlags,
} from "../launch/containerFlags.ts";
import type { PlannedImage, TargetSettings } from "../launch/launchPlan.ts";
import type { Abilities, AbilityFault } from "./abilities.ts";
import type { WholeDefinition } from "./runDefinition.ts";

/** The kind of targets that put every run into a container. */
export const CONTAINER = "container";
/** The kind of those that do too, by an engine which brings the images itself. */
export const KUBERNETES = "kubernetes";

/** The property that puts the run into a container; undefined when it goes into none. */
export function containerPath(
  { configuration }: Pick<WholeDefinition, "configuration">,
  target: TargetSettings | undefined,
): string | undefined {
  if (configuration.docker?.useDocker === true) return "configuration.docker.useDocker";
  if (configuration.environment?.docker?.enabled === true) return "configuration.environment.docker.enabled";
  return target?.kind === CONTAINER || target?.kind === KUBERNETES ? "configuration.target" : undefined;
}

/** Options of a target of another kind on this machine that mean the same for a container. */
const SHARED_OPTIONS = ["memoryMiB", "cpus", "packageIndex", "condaChannels"];

/** The target as this run uses it: one on this machine that is asked for a container puts it into one, with the same limits and sources of packages. */
export function runTarget(definition: WholeDefinition, target: TargetSettings): TargetSettings {
  if (target.kind !== "process" || containerPath(definition, target) === undefined) return target;
  const options = Object.entries(target.options).filter(([name]) => SHARED_OPTIONS.includes(name));
  return { ...target, kind: CONTAINER, options: Object.fromEntries(options) };
}

type DockerArguments = { readonly path: string; readonly given: readonly string[] };

/** Flags of `docker run` by the property that gives them. Those of the run come last, so that they win over those of its environment. */
export function containerArguments({
  configuration,
}: Pick<WholeDefinition, "configuration">): readonly DockerArguments[] {
  const places = [
    ["configuration.environment.docker.arguments", configuration.environment?.docker?.arguments],
    ["configuration.docker.arguments", configuration.docker?.arguments],
  ] as const;
  return places.flatMap(([path, given]) => (given && given.length > 0 ? [{ path, given }] : []));
}

/** What is given for /dev/shm. The one that counts comes first: that of the section which puts the run into its container. */
function shmSizes({ configuration }: Pick<WholeDefinition, "configuration">) {
  const { docker, environment } = configuration;
  const own = { path: "configuration.docker.shmSize", given: docker?.shmSize ?? "" };
  const environments = {
    path: "configuration.environment.docker.shmSize",
    given: environment?.docker?.shmSize ?? "",
  };
  const inOrder = docker?.useDocker === true ? [own, environments] : [environments, own];
  return inOrder.filter(({ given }) => given !== "");
}

/** What the container of a run is started with, besides its image. */
export function plannedImage(
  definition: Pick<WholeDefinition, "configuration">,
  reference: string,
): PlannedImage {
  const [size] = shmSizes(definition);
  const shmSizeBytes = size === undefined ? undefined : parseSize(size.given);
  return {
    reference,
    arguments: containerArguments(definition).flatMap(({ given }) => given),
    ...(shmSizeBytes === undefined ? {} : { shmSizeBytes }),
  };
}

/** `target`: as the run uses it, see `runTarget`. */
export function containerFaults(
  definition: WholeDefinition,
  target: TargetSettings,
  abilities: Pick<Abilities, "images" | "imagesReason" | "limitsReason" | "volumes" | "privileges">,
): AbilityFault[] {
  const path = containerPath(definition, target);
  const given = containerArguments(definition);
  if (path === undefined)
    return given.map(({ path }) =>
      fault(path, "They are for a container, and this run goes into none. Set docker.use_docker = True."),
    );
  if (!abilities.images) {
    const why = abilities.imagesReason ?? `The compute target '${target.name}' has no engine for containers.`;
    return [fault(path, `The run cannot be put into a container. ${why}`)];
  }
  return [
    ...given.flatMap(({ path, given }) => {
      const { flags, faults } = readContainerFlags(given);
      return [...faults, ...forbidden(flags, abilities)].map((message) => fault(path, message));
    }),
    ...sectionFaults(definition),
  ];
}

const fault = (target: string, message: string): AbilityFault => ({
  code: "UnsupportedField",
  target,
  message,
});

function forbidden(
  flags: ContainerFlags,
  { volumes, privileges, limitsReason }: Pick<Abilities, "volumes" | "privileges" | "limitsReason">,
): string[] {
  const hidden = flags.volumes.filter(({ source }) => !volumes.some((folder) => isWithin(source, folder)));
  const allowed =
    volumes.length === 0 ? "The settings allow no folder" : `The settings allow ${volumes.join(", ")}`;
  return [
    ...(limitsReason === undefined
      ? []
      : limitsOf(flags).map((name) => `${name} would have no effect: ${limitsReason}`)),
    ...hidden.map(
      ({ source }) =>
        `--volume would show ${source} of the service's machine. ${allowed} (--container-volumes); or use a datastore.`,
    ),
    ...(privileges
      ? []
      : privilegesOf(flags).map(
          (name) =>
            `${name} would give the run rights on the service's machine. Start the service with --container-privileges to allow it.`,
        )),
  ];
}

const isWithin = (path: string, folder: string): boolean =>
  !path.split("/").includes("..") &&
  `${path.replace(/\/+$/, "")}/`.startsWith(`${folder.replace(/\/+$/, "")}/`);

function sectionFaults({ configuration }: WholeDefinition): AbilityFault[] {
  const { docker, environment } = configuration;
  const kept =
    "The folder of a run is always shared with its container: its log and its files are read there. Leave it out.";
  return [
    ...(docker?.sharedVolumes === false ? [fault("configuration.docker.sharedVolumes", kept)] : []),
    ...(environment?.docker?.sharedVolumes === false
      ? [fault("configuration.environment.docker.sharedVolumes", kept)]
      : []),
    ...shmSizes({ configuration })
      .filter(({ given }) => parseSize(given) === undefined)
      .map(({ path, given }) => fault(path, `Must be a size such as 512m or 2g; '${given}' was given.`)),
  ];
}

/** The image that an environment names, when it names one. */
export type ImageChoice =
  | { readonly is: "image"; readonly reference: string }
  | { readonly is: "dockerfile"; readonly text: string }
  | { readonly is: "none" };

export function imageChoice({ docker }: EnvironmentDefinition): ImageChoice {
  if (docker?.baseDockerfile) return { is: "dockerfile", text: docker.baseDockerfile };
  return docker?.baseImage ? { is: "image", reference: docker.baseImage } : { is: "none" };
}
