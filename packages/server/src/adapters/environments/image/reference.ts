// Names of images: what registry one belongs to, and whose credentials are sent with it. Pure.
import { type EnvironmentAsk, MalachiteError } from "@malachite/core";

const BASE = "configuration.environment.docker";
/** `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`, as the engines read it. */
const REFERENCE =
  /^(?:(?:localhost|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9-]+(?=:\d))(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@[a-z0-9]+:[a-fA-F0-9]{32,})?$/;
/** The id of an image that the engine has. */
const ID = /^(sha256:)?[a-f0-9]{12,64}$/;
const DOCKER_HUB = "docker.io";

export type Credentials = {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
};

export type BaseImage = { readonly reference: string; readonly credentials?: Credentials };

/** The registry that a reference names; Docker Hub where it names none. */
export function registryOf(reference: string): string {
  const [first = "", ...rest] = reference.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : DOCKER_HUB;
}

/** The image as the engine is asked for it: with a tag, and with the registry of the definition where it names none itself. */
export function baseImage(
  given: string,
  { environment, registryPassword }: Pick<EnvironmentAsk, "environment" | "registryPassword">,
): BaseImage {
  const { address, username } = environment.docker?.baseImageRegistry ?? {};
  const server = address?.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  const own = registryOf(given);
  const named = server && own === DOCKER_HUB && server !== DOCKER_HUB ? `${server}/${given}` : given;
  if (!REFERENCE.test(named) && !ID.test(named)) {
    throw new MalachiteError(
      "InvalidDefinition",
      `'${given}' is not the name of an image; one looks like python:3.12 or registry.example.org/team/image:1.`,
      { target: `${BASE}.baseImage` },
    );
  }
  const reference =
    ID.test(named) || /(:[\w][\w.-]*|@\S+)$/.test(afterRegistry(named)) ? named : `${named}:latest`;
  if (!username && !registryPassword) return { reference };
  const registry = registryOf(named);
  if (server && registry !== server) {
    throw new MalachiteError(
      "InvalidDefinition",
      `The credentials are for the registry '${server}', and the image is of '${registry}'; they are not sent to another registry.`,
      { target: `${BASE}.baseImageRegistry.address` },
    );
  }
  return {
    reference,
    credentials: {
      username: username ?? "",
      password: registryPassword ?? "",
      serveraddress: registry === DOCKER_HUB ? "https://index.docker.io/v1/" : registry,
    },
  };
}

const afterRegistry = (reference: string): string => reference.slice(reference.lastIndexOf("/") + 1);
