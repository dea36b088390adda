// Environments of targets whose engine brings the image to its machines itself: the image is the environment, and nothing of it is looked
// at or made on the service's machine.
import {
  type EnvironmentAsk,
  type EnvironmentBuilder,
  isBuilt,
  MalachiteError,
  type PreparedEnvironment,
} from "@malachite/core";

/** What a definition without an interpreter means, and what the v1 SDK always sends: the image's own, whatever it is called there. */
const USUAL = "python";

/** `defaultImage`: for runs whose definition and target name none. */
export function createBroughtImages({
  defaultImage,
}: {
  readonly defaultImage: string | undefined;
}): EnvironmentBuilder {
  const prepare = async (ask: EnvironmentAsk): Promise<PreparedEnvironment> => {
    refuse(ask);
    const { docker, python } = ask.environment;
    const image = docker?.baseImage || ask.image || defaultImage;
    if (image === undefined)
      throw new MalachiteError(
        "UnsupportedField",
        "The run goes into a container, and neither its environment nor its target names an image. Give environment.docker.baseImage, or the option image of the target.",
        { target: "configuration.environment.docker.baseImage" },
      );
    const interpreter = python?.interpreterPath || USUAL;
    return {
      id: `image:${image}`,
      // Debian has no python: the one that is there is meant.
      python: interpreter === USUAL ? "python3" : interpreter,
      ...(interpreter.startsWith("/") ? { folder: interpreter.slice(0, interpreter.lastIndexOf("/")) } : {}),
      variables: {},
      image,
    };
  };
  return {
    check: async (ask) => {
      await prepare(ask);
    },
    has: async (ask) => {
      await prepare(ask);
      return true;
    },
    prepare,
  };
}

function refuse({ environment, sparkJars, registryPassword }: EnvironmentAsk): void {
  const fault = (message: string, path: string) =>
    new MalachiteError("UnsupportedField", message, { target: `configuration.environment.${path}` });
  if (isBuilt(environment))
    throw fault(
      "Packages are not put on top of an image that the engine of the target brings itself: name an image that has them, and set python.userManagedDependencies.",
      "python.userManagedDependencies",
    );
  if (environment.docker?.baseDockerfile)
    throw fault(
      "Images are not built for a target whose engine brings them itself: build it elsewhere, and give its name as baseImage.",
      "docker.baseDockerfile",
    );
  if (registryPassword !== undefined)
    throw fault(
      "The engine of the target brings the image with credentials of its own: name them in the option imagePullSecrets of the target.",
      "docker.baseImageRegistry",
    );
  if (sparkJars !== undefined)
    throw fault("Packages of Spark must be in the image of this target.", "spark.packages");
}
