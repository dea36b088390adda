// Where the image of a run comes from: what its definition names or describes, else its target or the settings. Pure.
import { type EnvironmentAsk, imageChoice, MalachiteError } from "@malachite/core";
import { baseImage } from "./reference.ts";

const DOCKER = "configuration.environment.docker";

/** A base is of the service's machine. Throws UnsupportedField. */
export function refuseBase({ environment }: EnvironmentAsk): void {
  if (!environment.python?.baseCondaEnvironment) return;
  throw new MalachiteError(
    "UnsupportedField",
    "baseCondaEnvironment is an environment of the service's machine, which a container does not see. Name its python in the image by interpreterPath, with userManagedDependencies.",
    { target: "configuration.environment.python.baseCondaEnvironment" },
  );
}

export type Source =
  | { readonly is: "image"; readonly image: ReturnType<typeof baseImage> }
  | {
      readonly is: "dockerfile";
      readonly text: string;
      readonly credentials?: NonNullable<ReturnType<typeof baseImage>["credentials"]>;
    };

/** Throws InvalidDefinition, and UnsupportedField where nothing names an image. */
export function sourceOf(ask: EnvironmentAsk, defaultImage: string | undefined): Source {
  const choice = imageChoice(ask.environment);
  if (choice.is === "dockerfile") {
    const { text } = choice;
    if (!/^\s*FROM\s+\S/im.test(text) || text.includes("\0")) {
      throw new MalachiteError(
        "InvalidDefinition",
        "baseDockerfile holds no FROM line: it is the text of a Dockerfile.",
        {
          target: `${DOCKER}.baseDockerfile`,
        },
      );
    }
    const { address } = ask.environment.docker?.baseImageRegistry ?? {};
    const { credentials } = address ? baseImage(`${address.replace(/^https?:\/\//, "")}/any`, ask) : {};
    return { is: "dockerfile", text, ...(credentials === undefined ? {} : { credentials }) };
  }
  const reference = choice.is === "image" ? choice.reference : (ask.image ?? defaultImage);
  if (reference !== undefined)
    // The definition's registry is for the image that the definition names.
    return {
      is: "image",
      image: choice.is === "image" ? baseImage(reference, ask) : baseImage(reference, { environment: {} }),
    };
  throw new MalachiteError(
    "UnsupportedField",
    "The run goes into a container, and nothing names an image. Set environment.docker.baseImage or baseDockerfile, or start the service with --container-image.",
    { target: `${DOCKER}.baseImage` },
  );
}

/** As messages name it. */
export function imageName(ask: EnvironmentAsk, defaultImage: string | undefined): string {
  const source = sourceOf(ask, defaultImage);
  return source.is === "image" ? `'${source.image.reference}'` : "of baseDockerfile";
}
